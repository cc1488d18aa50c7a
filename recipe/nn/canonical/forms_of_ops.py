"""The forms of all ops of a program, those that are alike shared, and what each is for readers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from ..ops.inputs import ExternDataOp, ParameterOp
from ..plain.dim import Dim
from ..program.program import Program
from ..record.form import AnyForm, Form, FormPart, InputForm, forms_of_results
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp, PreviousOp


class Described(NamedTuple):
    """What a form is for readers: its module and kind, and the user's line."""

    name: str
    source: str


class FormsOfOps:
    """
    The forms of a program's ops.

    :param program: the program
    """

    def __init__(self, program: Program):
        self.program = program
        self._op_of: dict[Form, Op] = {}
        self._of_ops: dict[Op, Sequence[AnyForm]] = {}
        self._shared: dict[Hashable, Form] = {}
        for op in program.ops_in_order():
            self._of_ops[op] = self._make(op)

    def of(self, value: Tensor | Op) -> AnyForm:
        """The form of a tensor, or of an op: a loop, or a state."""
        return self._of_ops[value.op][value.index] if isinstance(value, Tensor) else self._of_ops[value][0]

    def described(self, form: Form) -> Described:
        """What a form is for readers, by the first op that has it."""
        return _described(self._op_of[form])

    def shared(self, form: Form) -> Form:
        """The form that stands for all that are alike."""
        return self._shared.setdefault(_key(form), form) if form.is_shared else form

    def _make(self, op: Op) -> Sequence[AnyForm]:
        forms = forms_of_results(op)
        found: dict[Form, None] = {}
        for one in forms:
            _find_forms(one, found)
        for form in found:
            if op.is_random and op.body.loop is not None:
                form.options["loop"] = op.body.loop  # it has another value in each step
            self._op_of.setdefault(self.shared(form), op)
        if isinstance(op, LoopOp) and op.axis_is_known:
            loop = forms[0]
            assert isinstance(loop, Form)
            loop.options["input"] = self._with_axis(op)
        return forms

    def _with_axis(self, loop: LoopOp) -> Tensor:
        """What has the axis of a loop: of several, the first input by name, else what is made first."""
        body: Body | None = loop.body
        bodies: list[Body] = []
        while body is not None:
            bodies.insert(0, body)
            body = body.parent
        having = [
            (op, tensor)
            for body in bodies
            for op in body.ops
            if op in self._of_ops and getattr(op, "result_of", None) is not loop
            for tensor in op.outputs
            if loop.axis in (tensor.known_dims or ())
        ]
        inputs = sorted((op.data.name, tensor) for op, tensor in having if isinstance(op, ExternDataOp))
        return inputs[0][1] if inputs else having[0][1]


def _key(form: Form) -> Hashable:
    return form.kind, tuple((name, _hashable(form.options[name])) for name in sorted(form.options))


def _hashable(value: Any) -> Hashable:
    if isinstance(value, Form):
        return _key(value)
    return value if isinstance(value, (Op, Dim, tuple, str)) else repr(value)


_WITHOUT_FORMS = frozenset({Tensor, Dim, str, int, float, bool, type(None), InputForm})
"""Most of what options are, for speed."""


def _find_forms(value: Any, found: dict[Form, None]) -> None:
    """Adds the forms of an op, those in options of others included, in their order."""
    if type(value) in _WITHOUT_FORMS:
        return
    if isinstance(value, Form):
        found[value] = None
        value = value.options
    if isinstance(value, FormPart):
        _find_forms(value.of, found)
    elif isinstance(value, dict):
        for item in value.values():
            if type(item) not in _WITHOUT_FORMS:
                _find_forms(item, found)
    elif isinstance(value, (list, tuple)):
        for item in value:
            if type(item) not in _WITHOUT_FORMS:
                _find_forms(item, found)


def _described(op: Op) -> Described:
    path, kind = op.module_path(), op.name or type(op).__name__
    if isinstance(op, ExternDataOp):
        return Described(op.data.name, str(op.source))
    if isinstance(op, ParameterOp):
        return Described(op.path, str(op.source))
    if isinstance(op, PreviousOp):
        return Described(f"{path}/state {op.leaf.name}".strip("/"), str(op.source))
    return Described(path if op.is_main and path else f"{path}/{kind}".strip("/"), str(op.source))
