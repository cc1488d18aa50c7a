"""
Form: what an op computes, as plain data: a kind, and options.

A form names RETURNN's layer for it, as an expert would write it who need not think of any one engine. The hash of a
network is made of forms (``recipe/nn/canonical``), and an engine may write them as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graph import Op, Tensor


class Form:
    """
    One computation.

    :param kind: RETURNN's name of the layer (or one of our own: ``state``, ``step``)
    :param options: by RETURNN's names; values are plain data, dims, tensors, loops, other forms and their parts
    :param name: of a form that is not its op's last: what a layer of it is called
    :param is_shared: whether all forms that are alike are one, such as constants
    """

    def __init__(self, kind: str, options: dict[str, Any], *, name: str | None = None, is_shared: bool = False):
        self.kind = kind
        self.options = options
        self.name = name
        self.is_shared = is_shared

    def __repr__(self) -> str:
        return f"Form({self.kind!r}, {self.options!r})"


class FormPart:
    """
    A part of what a form gives, which has several.

    :param of: the form
    :param name: RETURNN's name of the part
    """

    def __init__(self, of: Form, name: str):
        self.of = of
        self.name = name


class InputForm:
    """
    An input of the network.

    :param name: its key in the dataset
    """

    def __init__(self, name: str):
        self.name = name


AnyForm = Form | FormPart | InputForm | Tensor
"""The form of one result of an op; a tensor where the result is that very tensor."""


def forms_of_results(op: Op) -> Sequence[AnyForm]:
    """The forms of an op's results; of a loop, which has no results, its own."""
    forms: Any = op.form()
    return [forms] if isinstance(forms, (Form, FormPart, InputForm, Tensor)) else forms


def parameter_map(**parameters: Tensor) -> dict[str, Any]:
    """RETURNN's option ``reuse_params``: which parameters a layer uses, by the layer's own names for them."""
    shapes: dict[str, Any] = {name: x.op.parameter.dims for name, x in parameters.items()}  # type: ignore[attr-defined]
    return {"map": {name: {"layer_output": x, "shape": shapes[name]} for name, x in parameters.items()}}
