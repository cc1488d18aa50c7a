"""Loops: a loop of Python over the steps, with the states as variables."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..ops.history import CumConcat
from ..plain.dim import Dim, batch_dim
from ..program.value_names import stem_of
from ..record.graph import Body, Tensor
from ..record.loops import FinalState, LastOp, LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from .code import Code
from .layout import aligned, operand
from .running_on import running_on


class LoopText:
    """
    The text of one loop, as :class:`recipe.nn.numpy_run.loop_run.LoopRun` runs it.

    :param code: where it is written
    :param loop: the loop
    :param write_body: writes the ops of a body
    """

    def __init__(self, code: Code, loop: LoopOp, write_body: Callable[[Body], None]):
        self.code, self.loop, self.write_body = code, loop, write_body
        needed = code.program.needed
        self.states = [op for op in loop.previous.values() if op in needed and not op.is_constant]
        self.stacks = [op for op in loop.results if isinstance(op, StackOp) and op in needed]
        finals = [op for op in loop.results if isinstance(op, FinalState) and op in needed]
        self.finals = [op for op in finals if op.previous in self.states]
        self.lasts = [op for op in loop.results if isinstance(op, LastOp) and op in needed and op not in self.finals]
        self.running_on = running_on(loop, needed)
        self.step = code.steps[loop] = code.variable("t")
        self.alive = ""
        self.length = ""

    def write(self) -> None:
        """What is before the steps, the steps, and what leaves them."""
        self._constants()
        self._frames()
        self._histories()
        states = {op: self._initial(op) for op in self.states}
        self.unknown = [
            op for op in self.lasts for dim in op.output.dims if dim.is_dynamic and not self.code.knows_lengths(dim)
        ]
        stacks = {op: self.code.assign(f"{stem_of(op.inner)}_steps", "[]", optional=True) for op in self.stacks}
        lasts = {op: self._nothing(op) for op in self.lasts}
        self._limit()
        if self.loop.end is None:
            self._known_steps(states, stacks, lasts)
        else:
            self._steps_to_the_end(states, stacks, lasts)
        self._leave(states, stacks, lasts)

    # before the steps

    def _constants(self) -> None:
        """States that no step changes are what they begin with."""
        for op in self.loop.previous.values():
            if op in self.code.program.needed and op.is_constant:
                assert op.initial is not None
                scalar = self.code.scalar(op.initial)
                if scalar is not None:
                    self.code.define_scalar(op.output, scalar)
                else:
                    self.code.define(op.output, self.code.of(op.initial))

    def _frames(self) -> None:
        """What the steps read of sequences: a list of frames, of which each step reads one."""
        for op in self.loop.body_of_steps.ops:
            key = (op.inputs[0], self.loop) if isinstance(op, UnstackOp) else None
            if key is not None and op in self.code.program.needed and key not in self.code.frames:
                sequence = op.inputs[0]
                axis = sequence.dims.index(self.loop.input_axis)
                frames = f"{self.code.of(sequence)}.unbind({axis})"
                self.code.frames[key] = self.code.assign(f"{stem_of(sequence)}_frames", frames)

    def _histories(self) -> None:
        """The frames so far: none before the first step."""
        for op in self.loop.body_of_steps.ops:
            if isinstance(op, CumConcat) and op in self.code.program.needed:
                self.code.histories[op] = self.code.assign(f"{stem_of(op.inputs[0])}_history", "None")

    def _initial(self, op: PreviousOp) -> str:
        assert op.initial is not None
        name = self.code.assign(stem_of(op.output), self.code.expanded(op.initial, op.output.dims))
        self.code.define(op.output, name)
        return name

    def _nothing(self, op: LastOp) -> str:
        """What a last value is where no step was made; of axes that the steps make, None before the first one."""
        code, dims, stem = self.code, op.output.dims, f"{stem_of(op.inner)}_last"
        if op in self.unknown:
            return code.assign(stem, "None")
        zeros = f"torch.zeros({code.shape(dims)}, dtype={code.dtype(op.output.dtype)}, device=device)"
        return code.assign(stem, zeros)

    def _limit(self) -> None:
        """The most steps, by the input and by a limit, as an int of Python."""
        code, loop, limits = self.code, self.loop, []
        if loop.axis_is_known:
            limits.append(code.size(loop.input_axis))
        self.limit = ""
        if loop.inputs:
            number = code.scalar(loop.inputs[0])
            self.limit = number if number is not None else code.assign("limit", f"int({code.of(loop.inputs[0])})")
        elif loop.max_seq_len is not None:
            self.limit = code.number(loop.max_seq_len)
        if self.limit:
            limits.append(self.limit)
        self.steps = limits[0] if len(limits) == 1 else f"min({', '.join(limits)})" if limits else ""

    # the steps

    def _known_steps(self, states: dict[PreviousOp, str], stacks: dict[StackOp, str], lasts: dict[LastOp, str]) -> None:
        """As many steps as the input has frames, or as a limit says."""
        code, loop = self.code, self.loop
        with code.block(f"for {self.step} in range({self.steps}):"):
            if loop.axis_is_known and loop.input_axis.is_dynamic:
                lengths = code.lengths(loop.input_axis)
                self.alive = code.assign("alive", f"{self.step} < {lengths}  # [batch]", optional=True)
            self.write_body(loop.body_of_steps)
            self._finish_step(states, stacks, lasts, self.alive)

    def _steps_to_the_end(
        self, states: dict[PreviousOp, str], stacks: dict[StackOp, str], lasts: dict[LastOp, str]
    ) -> None:
        """Steps until each sequence has ended."""
        code, loop = self.code, self.loop
        assert loop.end is not None
        self.alive = code.assign("alive", "torch.ones(batch, dtype=torch.bool, device=device)")
        self.length = code.assign("length", "torch.zeros(batch, dtype=torch.int32, device=device)")
        numbers = f"range({self.steps})" if self.steps else "itertools.count()"
        with code.block(f"for {self.step} in {numbers}:"):
            if loop.axis_is_known and loop.input_axis.is_dynamic:
                code.lines.add(f"{self.alive} = {self.alive} & ({self.step} < {code.lengths(loop.input_axis)})")
            with code.block(f"if not {self.alive}.any():"):
                code.lines.add("break")
            self.write_body(loop.body_of_steps)
            end = code.scalar(loop.end)
            end = f"{code.aligned(loop.end, (batch_dim,))}" if end is None else f"torch.tensor({end}, device=device)"
            going_on = code.assign("going_on", f"{self.alive} & ~{operand(end)}")
            counted = self.alive if loop.include_eos else going_on
            self._finish_step(states, stacks, lasts, counted)
            code.lines.add(f"{self.length} = {self.length} + {counted}")
            code.lines.add(f"{self.alive} = {going_on}")

    def _finish_step(
        self, states: dict[PreviousOp, str], stacks: dict[StackOp, str], lasts: dict[LastOp, str], counted: str
    ) -> None:
        """Takes over the new values of those sequences for which the step counts."""
        code = self.code
        for stack, name in stacks.items():
            if isinstance(stack.inner.op, LoopIndex):
                continue
            code.lines.add(f"{name}.append({code.expanded(stack.inner, stack.inner.dims)})")
        for last, name in lasts.items():
            before = name if last not in self.unknown else f"(0 if {name} is None else {name})"
            code.lines.add(f"{name} = {self._where(counted, last.inner, last.output.dims, before)}")
        new: dict[str, str] = {}
        for op, name in states.items():
            assert op.final is not None
            held_by = "" if op in self.running_on else counted
            new[name] = self._where(held_by, op.final, op.output.dims, name)
        new = {name: value for name, value in new.items() if name != value}
        words = {name: set(re.findall(r"\w+", value)) for name, value in new.items()}
        if any(other in words[name] for name in new for other in new if other != name):
            code.lines.add(f"{', '.join(new)} = {', '.join(new.values())}")
        else:
            for name, value in new.items():
                code.lines.add(f"{name} = {value}")

    def _where(self, counted: str, new: Tensor, dims: tuple[Dim, ...], before: str) -> str:
        """The new value where the step counts, else the one before."""
        value = self.code.expanded(new, dims)
        if not counted or value == before:
            return value
        if batch_dim not in dims:
            return f"torch.where({counted}.any(), {value}, {before})" if self.length else value
        return f"torch.where({aligned(counted, (batch_dim,), dims)}, {value}, {before})"

    # after the steps

    def _leave(self, states: dict[PreviousOp, str], stacks: dict[StackOp, str], lasts: dict[LastOp, str]) -> None:
        """The lengths of the new axis, and the results."""
        code, loop = self.code, self.loop
        axis = loop.get_axis()
        if self.length:
            code.set_lengths(axis, self.length)
        elif not (loop.axis_is_known and not loop.has_own_axis):
            code.set_lengths(axis, self._lengths_of_steps(), f"max({self.steps}, 0)" if self.limit else self.steps)
        for stack, name in stacks.items():
            dims = stack.output.dims
            if isinstance(stack.inner.op, LoopIndex):
                numbers = f"torch.arange({code.size(axis)}, dtype={code.dtype(stack.output.dtype)}, device=device)"
                self._result(stack, code.assign(stem_of(stack.output), numbers))
                continue
            steps = f"{name}[:{code.size(axis)}]" if self.length else name
            dtype = code.dtype(stack.output.dtype)
            stacked = f"{code.function('stacked')}({steps}, {dims.index(axis)}, {code.shape(dims)}, {dtype}, device)"
            self._result(stack, code.assign(stem_of(stack.output), stacked))
        for last, name in lasts.items():
            self._result(last, name)
        for final in self.finals:
            self._result(final, states[final.previous])

    def _result(self, result: ResultOp, name: str) -> None:
        self.code.define(result.output, name)

    def _lengths_of_steps(self) -> str:
        """The lengths of an axis of its own, of a loop without a condition that ends it."""
        code, loop = self.code, self.loop
        limit = f"max({self.limit}, 0)" if self.limit else ""
        if loop.axis_is_known:
            lengths = code.lengths(loop.input_axis)
            return f"{lengths}.clamp(max={limit})" if limit else lengths
        return f"torch.full((batch,), {limit}, dtype=torch.int32, device=device)"
