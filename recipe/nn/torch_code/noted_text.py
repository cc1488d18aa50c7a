"""The text of a program that notes each value when it is computed, to compare it with others: never a user's config."""

from __future__ import annotations

from typing import NamedTuple

from ..ops.inputs import ParameterOp
from ..passes.for_engines import for_engines
from ..passes.rewritten import Rewritten
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp
from . import rules  # noqa: F401 - fills the table of rules
from .bodies import Bodies
from .code import Code
from .function_texts import all_names, imports_of, texts_of


class NotedValue(NamedTuple):
    """
    A value that the text notes.

    :ivar tensor: of the program after the passes
    :ivar loops: in whose steps it is computed, outermost first
    :ivar variable: the code that reads it
    """

    tensor: Tensor
    loops: tuple[LoopOp, ...]
    variable: str


class NotedText(NamedTuple):
    """
    A program as text.

    :ivar text: the functions, of which ``noted(model, inputs, begin, note)`` computes the program. It calls
        ``begin(number)`` before each of :attr:`ops`, and ``note(number, value, steps, lengths)`` for each of
        :attr:`values`, with the numbers of the steps of the loops around, and lengths by the names of dims
    :ivar ops: those that were written
    :ivar values: those that are noted
    :ivar rewritten: the program after the passes
    :ivar error: what went wrong while the last op was written
    """

    text: str
    ops: list[Op]
    values: list[NotedValue]
    rewritten: Rewritten
    error: Exception | None


def noted_text(program: Program) -> NotedText:
    """The text of a program of a user, after the passes."""
    rewritten = for_engines(program)
    return NotedBodies(rewritten).result()


class NotedBodies(Bodies):
    """
    Writes the ops of bodies with notes of their values.

    :param rewritten: the user's program after the passes
    """

    def __init__(self, rewritten: Rewritten):
        super().__init__(Code(rewritten.program, {*all_names(), "begin", "note"}))
        self.rewritten = rewritten
        self.ops: list[Op] = []
        self.values: list[NotedValue] = []

    def result(self) -> NotedText:
        """The text of the whole program."""
        error = None
        try:
            self.write(self.rewritten.program.root_body)
        except Exception as raised:
            error = raised
        lines = ["def noted(model, inputs, begin, note):", *self.code.lines.kept()]
        functions = texts_of(self.code.functions)
        text = "\n\n\n".join(["\n".join(imports_of([*functions, *lines])), *functions, "\n".join(lines)])
        return NotedText(text, self.ops, self.values, self.rewritten, error)

    def write(self, body: Body) -> None:
        """The ops of a body; what follows in a step is of the loop itself."""
        super().write(body)
        if body.loop is not None:
            self._begin(body.loop)

    def write_op(self, op: Op) -> None:
        """An op and what it gives."""
        self._begin(op)
        super().write_op(op)
        for tensor in op.outputs if not isinstance(op, ParameterOp) else ():
            if tensor in self.code.program.needed_tensors:
                self._note(tensor)

    def _begin(self, op: Op) -> None:
        self.code.lines.add(f"begin({len(self.ops)})")
        self.ops.append(op)

    def _note(self, tensor: Tensor) -> None:
        code, loops = self.code, _loops_around(tensor.op)
        number = code.scalar(tensor) if not tensor.dims else None
        variable = code.of(tensor) if number is None else number
        steps = "".join(f"{code.steps[loop]}, " for loop in loops)
        known = [dim for dim in tensor.dims if dim.is_dynamic and code.knows_lengths(dim)] if not loops else []
        lengths = ", ".join(f'"{dim.name}": {code.lengths(dim)}' for dim in known)
        code.lines.add(f"note({len(self.values)}, {variable}, ({steps}), {{{lengths}}})")
        self.values.append(NotedValue(tensor, loops, variable))


def _loops_around(op: Op) -> tuple[LoopOp, ...]:
    loops: list[LoopOp] = []
    loop = op.body.loop
    while loop is not None:
        loops.insert(0, loop)
        loop = loop.body.loop
    return tuple(loops)
