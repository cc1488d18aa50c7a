"""Bodies: the ops of a program one after the other, each a line, with the modules as comments."""

from __future__ import annotations

from collections.abc import Sequence

from ..ops.inputs import ParameterOp
from ..program.value_names import stem_of
from ..record.graph import Body, Op
from ..record.loops import LoopOp, PreviousOp, ResultOp
from .code import Code
from .loops import LoopText
from .rule import expressions_of


class Bodies:
    """
    Writes the ops of bodies.

    :param code: where they are written
    """

    def __init__(self, code: Code):
        self.code = code
        self._module = ""

    def write(self, body: Body) -> None:
        """The ops of a body in order, as far as anything depends on them."""
        for op in body.ops:
            if op in self.code.program.needed:
                self.write_op(op)

    def write_op(self, op: Op) -> None:
        """An op; states and results are written with their loop."""
        if isinstance(op, LoopOp):
            self._comment(op)
            LoopText(self.code, op, self.write).write()
        elif not isinstance(op, (PreviousOp, ResultOp)):
            self._op(op)

    def _comment(self, op: Op) -> None:
        """The module, where it is another one than that of the op before."""
        path = op.path.rpartition("/")[0] if isinstance(op, ParameterOp) else op.module_path()
        if path != self._module and path:
            self.code.lines.add(f"# {path}")
        self._module = path

    def _op(self, op: Op) -> None:
        """The line of an op, or one for each of its results."""
        code = self.code
        self._comment(op)
        expressions = expressions_of(op, code)
        if not expressions:
            return
        optional = isinstance(op, ParameterOp)
        if not isinstance(expressions, str):
            self._each(op, expressions)
        elif len(op.outputs) == 1:
            comment = f"  # {code.dims_text(op.output)}"
            name = code.assign(stem_of(op.output), f"{expressions}{comment}", optional=optional)
            code.define(op.output, name)
        else:
            names = [code.variable(stem_of(x)) if x in code.program.needed_tensors else "_" for x in op.outputs]
            code.lines.add(f"{', '.join(names)} = {expressions}  # {code.dims_text(op.outputs[0])}")
            for tensor, name in zip(op.outputs, names):
                code.define(tensor, name)

    def _each(self, op: Op, expressions: Sequence[str]) -> None:
        for tensor, expression in zip(op.outputs, expressions):
            if tensor in self.code.program.needed_tensors:
                comment = self.code.dims_text(tensor)
                self.code.define(tensor, self.code.assign(stem_of(tensor), f"{expression}  # {comment}"))
