"""
The text of a canonical form: JSON with sorted keys.

It is built from the layers that outputs and losses depend on, in the order in which they are reached from them. Layers
and dims are numbered in that order and have no names; only parameters, inputs, outputs and losses are named.

Graphs of thousands of networks need digests alone, so the text is written at once, and not by way of the data.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any

from ..ops.constants import Constant
from ..plain.delayed import Delayed
from ..plain.dim import Dim, batch_dim, single_step_dim
from ..plain.formula import Formula
from ..program.program import Program
from ..record.form import Form, FormPart, InputForm
from ..record.graph import Op, Tensor
from .forms_of_ops import FormsOfOps
from .numbers import canonical_number, in_dtype

FORMAT = 2
"""Version of the format. Another number gives every network another hash."""


class _DimEntry:
    """
    What is written of a dim.

    :param size: its size, or how it is computed, as text
    :param labels: what its indices stand for, as text
    """

    def __init__(self, size: str, labels: str | None):
        self.size, self.labels = size, labels
        self.of: str | None = None
        """What has its length, where no layer that was reached makes it."""

    def text(self) -> str:
        """The entry."""
        labels = "" if self.labels is None else f'"labels":{self.labels},'
        of = "" if self.of is None else f'"of":{self.of},'
        return f'{{{labels}{of}"size":{self.size}}}'


class FormWriter:
    """
    Writes the form of a program. Its forms are numbered in the order in which they are reached from losses and outputs.

    All methods that give a text give JSON without spaces, with sorted keys.
    """

    def __init__(self, program: Program):
        self.program = program
        self.forms = FormsOfOps(program)
        self.numbers: dict[Form, int] = {}
        self.reached: list[Form] = []
        self.dims: dict[Dim, int] = {}
        self.dim_entries: list[_DimEntry | None] = []
        self.delayed: dict[int, Delayed] = {}

    def text(self) -> str:
        """The form of the whole program."""
        program = self.program
        losses = {loss.name: self.loss(loss) for loss in sorted(program.losses, key=lambda loss: loss.name)}
        outputs = {name: self.value(tensor) for name, tensor in sorted(program.outputs, key=lambda o: o[0])}
        layers: list[str] = []
        self.add_entries(layers)
        for dim, x in self.lengths_of_constants():
            if not self.is_reached(x):
                entry = self.dim_entries[self.dims[dim]]
                assert entry is not None
                entry.of = self.value(x)
                self.add_entries(layers)
        inputs = {name: self.input(data) for name, data in sorted(program.extern_data.items())}
        dims = ",".join([entry.text() for entry in self.dim_entries if entry is not None])
        return (
            f'{{"dims":[{dims}],"format":{FORMAT},"inputs":{_object(inputs)},"layers":[{",".join(layers)}],'
            f'"losses":{_object(losses)},"outputs":{_object(outputs)}}}'
        )

    def names(self) -> dict[str, list[Any]]:
        """The names of what was written, by number."""
        return {
            "layers": [list(self.forms.described(one)) for one in self.reached],
            "dims": [dim.name for dim in self.dims],
        }

    def loss(self, loss: Any) -> str:
        """The entry of a loss."""
        x = self.value(loss.tensor)
        return (
            f'{{"as_error":true,"from":{x}}}' if loss.as_error else f'{{"from":{x},"scale":{self.value(loss.scale)}}}'
        )

    def input(self, data: Any) -> str:
        """The entry of an input."""
        dims = self.value(data.dims)
        sparse_dim = "" if data.sparse_dim is None else f',"sparse_dim":{self.value(data.sparse_dim)}'
        return f'{{"dims":{dims},"dtype":{_string(data.dtype)}{sparse_dim}}}'

    def add_entries(self, layers: list[str]) -> None:
        """The entries of the forms that were reached since."""
        while len(layers) < len(self.reached):
            layers.append(self.entry(self.reached[len(layers)]))

    def lengths_of_constants(self) -> list[tuple[Dim, Tensor]]:
        """The axes of constants that were reached, in that order, each with what makes it."""
        constants = [op for op in self.program.needed if isinstance(op, Constant) and op.inputs]
        made = {dim: x for op in constants for dim in op.dims for x in op.inputs if dim in x.dims}
        return [(dim, made[dim]) for dim in self.dims if dim in made]

    def is_reached(self, x: Tensor) -> bool:
        """Whether the form of a tensor is there already: an input of the network, or one that was reached."""
        form = self.forms.of(x)
        if isinstance(form, FormPart):
            form = form.of
        return not isinstance(form, Form) or self.forms.shared(form) in self.numbers

    def entry(self, form: Form) -> str:
        """The entry of a form."""
        options = {"class": form.kind, **form.options}
        if form.kind == "constant":
            options["value"] = in_dtype(options["value"], options["dtype"])
        return _object({key: self.value(options[key]) for key in sorted(options) if options[key] is not None})

    def value(self, value: Any) -> str:
        """An option."""
        write = _WRITERS.get(type(value))
        if write is None:
            write = _writer_of(value)
        return write(self, value)

    def word(self, value: Any) -> str:
        """True, False or None."""
        return "null" if value is None else "true" if value else "false"

    def string(self, value: str) -> str:
        """A text."""
        return _string(value)

    def number(self, value: Any) -> str:
        """A number."""
        return repr(value) if type(value) is int else _json(canonical_number(value))

    def of_op(self, value: Tensor | Op) -> str:
        """A reference to what a tensor is computed by, or to a loop or a state."""
        return self.value(self.forms.of(value))

    def form(self, value: Form) -> str:
        """A reference to a form."""
        return f'{{"layer":{self.reach(self.forms.shared(value))}}}'

    def part(self, value: FormPart) -> str:
        """A reference to a part of a form."""
        return f'{{"layer":{self.reach(value.of)},"part":{_string(value.name)}}}'

    def input_form(self, value: InputForm) -> str:
        """A reference to an input."""
        return f'{{"input":{_string(value.name)}}}'

    def dim(self, value: Dim) -> str:
        """A reference to a dim."""
        number: int | str | None = self.dims.get(value)
        if number is None:
            number = self.number_of_dim(value)
        return f'{{"dim":{number}}}' if type(number) is int else f'{{"dim":"{number}"}}'

    def later(self, value: Delayed) -> str:
        """A value that a job gives."""
        self.delayed.setdefault(id(value), value)
        return f'{{"delayed":{_json(value.origin)}}}'

    def formula(self, value: Formula) -> str:
        """A text with values in it."""
        return f'{{"formula":{_string(value.template)},"values":{self.list(value.values)}}}'

    def dict(self, value: dict[Any, Any]) -> str:
        """Options by name, or what there is for each of several dims."""
        items = {f"dim {self.number_of_dim(key)}" if isinstance(key, Dim) else str(key): value[key] for key in value}
        return _object({key: self.value(items[key]) for key in sorted(items)})

    def list(self, value: list[Any] | tuple[Any, ...]) -> str:
        """Several values, in their order."""
        return f"[{','.join([self.value(item) for item in value])}]"

    def reach(self, form: Form) -> int:
        """The number of a form; one that is reached for the first time gets its entry later."""
        number = self.numbers.get(form)
        if number is None:
            number = self.numbers[form] = len(self.reached)
            self.reached.append(form)
        return number

    def number_of_dim(self, dim: Dim) -> int | str:
        """The number of a dim; of the batch and of a single step, which all networks have, the name."""
        number = self.dims.get(dim)
        if number is not None:
            return number
        if dim is batch_dim or dim is single_step_dim:
            return dim.name
        self.dims[dim] = number = len(self.dim_entries)
        self.dim_entries.append(None)
        size = dim.known_size
        size_text = self.value(size) if size is not None or dim.is_dynamic else self.delayed_size(dim)
        self.dim_entries[number] = _DimEntry(size_text, self.labels(dim) if dim.has_labels else None)
        return number

    def labels(self, dim: Dim) -> str:
        """What the indices of a dim stand for."""
        labels = dim.labels if dim.delayed_labels is None else dim.delayed_labels
        if isinstance(labels, tuple) and all(type(label) is str for label in labels):
            return _json(labels)
        return self.value(labels)

    def delayed_size(self, dim: Dim) -> str:
        """The size of a dim that waits for a job: that job, or how it is computed from other dims."""
        if dim.delayed_size is not None:
            return self.value(dim.delayed_size)
        whole, divisor = dim.quotient
        if whole is not None:
            return f'{{"dim":{self.value(self.number_of_dim(whole))},"divided_by":{self.value(divisor)}}}'
        if dim.factors:
            return f'{{"product":{self.list(sorted(self.number_of_dim(factor) for factor in dim.factors))}}}'
        parts = dim.terms or {dim.same_size_as: 1}
        terms = [[count, None if base is None else self.number_of_dim(base)] for base, count in parts.items()]
        return f'{{"sum":{self.list(sorted(terms, key=lambda term: -1 if term[1] is None else term[1]))}}}'


_string = encode_basestring_ascii


def _json(value: Any) -> str:
    """Plain data as JSON without spaces, with sorted keys."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


_WRITERS: dict[type, Callable[[FormWriter, Any], str]] = {
    bool: FormWriter.word,
    type(None): FormWriter.word,
    int: FormWriter.number,
    float: FormWriter.number,
    str: FormWriter.string,
    Tensor: FormWriter.of_op,
    Form: FormWriter.form,
    FormPart: FormWriter.part,
    InputForm: FormWriter.input_form,
    Dim: FormWriter.dim,
    Delayed: FormWriter.later,
    Formula: FormWriter.formula,
    dict: FormWriter.dict,
    list: FormWriter.list,
    tuple: FormWriter.list,
}
"""What writes a value, by its class."""


def _writer_of(value: Any) -> Callable[[FormWriter, Any], str]:
    """The same of an op, of what is derived from Python's types, and of numbers of NumPy."""
    if isinstance(value, Op):
        return FormWriter.of_op
    return next((write for kind, write in _WRITERS.items() if isinstance(value, kind)), FormWriter.number)


def _object(items: dict[str, str]) -> str:
    """A JSON object of texts, whose keys are sorted."""
    return "{" + ",".join([f"{_string(key)}:{text}" for key, text in items.items()]) + "}"
