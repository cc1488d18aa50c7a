"""A program as Python text. It is for reading: functions are named as in ``recipe.nn``, or as RETURNN's layers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ..ops.constants import Constant
from ..ops.inputs import ExternDataOp, ParameterOp
from ..program.program import Program
from ..program.value_names import stem_of
from ..record.graph import Body, Op, Tensor
from ..record.loops import FinalState, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp
from .names import Names, quoted, value_text
from .rules import Expressions


def python_text(program: Program, *, lines: bool = False) -> str:
    """
    A program as Python text.

    :param lines: whether the user's line stands beside each op
    """
    return _Text(program, lines).whole()


class _Text:
    """The lines of a program, from the inputs to the results."""

    def __init__(self, program: Program, shows_lines: bool):
        self.program = program
        self.shows_lines = shows_lines
        self.names = Names()
        self.expressions = Expressions(self.names)
        self.written: list[str] = []
        self.indent = ""
        self.module = ""

    def whole(self) -> str:
        """The text."""
        program, root = self.program, self.needed(self.program.root_body.ops)
        for title, kind in (("inputs", ExternDataOp), ("parameters", ParameterOp)):
            self.title(title)
            for op in root:
                if isinstance(op, kind):
                    self.op(op)
        self.title("program")
        self.body(program.root_body)
        self.title("results")
        name = self.names.of
        self.results("losses", {x.name: _scaled(x.scale, name[x.tensor]) for x in program.losses if not x.as_error})
        self.results("errors", {x.name: name[x.tensor] for x in program.losses if x.as_error})
        self.results("outputs", {key: name[tensor] for key, tensor in program.outputs})
        return "\n".join(self.written).strip() + "\n"

    def needed(self, ops: list[Op]) -> list[Op]:
        """Those that losses and outputs depend on."""
        return [op for op in ops if op in self.program.needed]

    def body(self, body: Body) -> None:
        """The ops of a body, in order; numbers stand where they are read."""
        for op in self.needed(body.ops):
            if isinstance(op, LoopOp):
                self.loop(op)
            elif isinstance(op, (Constant, LoopIndex)):
                self.names.of[op.output] = self.expressions.of(op)[0]
            elif not isinstance(op, (ExternDataOp, ParameterOp, PreviousOp, ResultOp)):
                self.op(op)

    def op(self, op: Op) -> None:
        """The line of an op, or one for each of its results."""
        path = "" if isinstance(op, ParameterOp) else op.module_path()
        if path != self.module:
            self.line(f"# {path or 'the model itself'}")
            self.module = path
        expressions = self.expressions.of(op)
        names = [self.names.new(stem_of(x)) for x in op.outputs]
        dims = [self.names.dims(x) for x in op.outputs]
        self.names.of.update(zip(op.outputs, names))
        if len(expressions) < len(names):
            names, dims = [", ".join(names)], [", ".join(dims)]
        for name, expression, comment in zip(names, expressions, dims):
            self.line(f"{name} = {expression}", comment, op)

    def loop(self, loop: LoopOp) -> None:
        """States before it, the steps, at their end the new values of states, then the results."""
        name = self.names.of
        states = [op for op in loop.previous.values() if op in self.program.needed]
        changing = [op for op in states if not op.is_constant]
        results = [op for op in loop.results if op in self.program.needed and not isinstance(op, FinalState)]
        for op in states:
            assert op.initial is not None
            name[op.output] = self.names.new(op.leaf.name) if op in changing else name[op.initial]
            if op in changing:
                self.line(f"{name[op.output]} = {name[op.initial]}", self.names.dims(op.output))
        for result in results:
            kind, start = ("steps", "[]") if isinstance(result, StackOp) else ("last", self.zeros(result.output))
            name[result.output] = self.names.new(f"{stem_of(result.inner).rstrip('_')}_{kind}")
            self.line(f"{name[result.output]} = {start}")
        with self.steps(loop):
            self.body(loop.body_of_steps)
            for result in results:
                inner, outer = name[result.inner], name[result.output]
                self.line(f"{outer}.append({inner})" if isinstance(result, StackOp) else f"{outer} = {inner}")
            if changing:
                new = [name[op.final] for op in changing if op.final is not None]
                self.line(f"{', '.join(name[op.output] for op in changing)} = {', '.join(new)}")
        for result in loop.results:
            if isinstance(result, FinalState) and result in self.program.needed:
                name[result.output] = name[result.previous.output]
            elif isinstance(result, StackOp) and result in results:
                outer, axis = name[result.output], self.names.dim(loop.get_axis())
                self.line(f"{outer} = nn.stack({outer}, axis={axis})", self.names.dims(result.output), result)

    @contextlib.contextmanager
    def steps(self, loop: LoopOp) -> Iterator[None]:
        """The first and the last lines of a loop's steps."""
        step = self.names.steps[loop] = self.names.new("t")
        limits = [self.length(loop)] if loop.axis_is_known else []
        if loop.has_limit:
            limits.append(self.names.of[loop.inputs[0]] if loop.inputs else value_text(loop.max_seq_len))
        if limits:
            number = limits[0] if len(limits) == 1 else f"nn.minimum({', '.join(limits)})"
            self.line(f"for {step} in range({number}):", "", loop)
        else:
            self.line(f"{step} = 0")
            self.line("while True:", "", loop)
        outside, before = self.indent, len(self.written)
        self.indent += "    "
        yield
        if loop.end is not None:
            last = "its last step" if loop.include_eos else "no step of it any more"
            self.line(f"if nn.all({self.names.of[loop.end]}):", f"where it holds for a sequence, this is {last}")
            self.line("    break")
        if not limits:
            self.line(f"{step} += 1")
        if len(self.written) == before:
            self.line("pass")
        self.indent = outside

    def length(self, loop: LoopOp) -> str:
        """How many steps its input has."""
        size = loop.input_axis.known_size
        return str(size) if size is not None else f"nn.length({self.names.dim(loop.input_axis)})"

    def zeros(self, tensor: Tensor) -> str:
        """What a last value is if there is no step."""
        return self.expressions.call("constant", 0, tensor.dims)

    def title(self, text: str) -> None:
        """A title, after an empty line."""
        self.written += ["", f"# {text}"]
        self.module = ""

    def results(self, name: str, items: dict[str, str]) -> None:
        """A dict of results; nothing if there are none."""
        if items:
            self.line(f"{name} = {{{', '.join(f'{quoted(key)}: {value}' for key, value in items.items())}}}")

    def line(self, code: str, comment: str = "", op: Op | None = None) -> None:
        """A line, with a comment at its end."""
        source = f"{os.path.basename(op.source.file)}:{op.source.line}" if op is not None and self.shows_lines else ""
        comment = ", ".join(part for part in (comment, source) if part)
        self.written.append(f"{self.indent}{code}{'  # ' if comment else ''}{comment}")


def _scaled(scale: object, value: str) -> str:
    return value if scale == 1 else f"{value_text(scale)} * {value}"
