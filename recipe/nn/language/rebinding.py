"""Python variables that a loop body binds anew: a Python loop would carry them on, a recorded one does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..ops.constants import constant_value
from ..ops.elementwise import Combine
from ..plain.errors import user_frame, warn
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp, UnstackOp
from .module import Module

_MOST_PARTS = 100
_NEUTRAL = {"add": 0, "mul": 1}


class PythonVariables:
    """
    What the variables around a loop hold when it begins, to be compared with what they hold when it ends.

    One that held a tensor (or a number) that the body computes with, and then a tensor of the body, was most likely
    meant as a state of the loop.
    """

    def __init__(self) -> None:
        self.frame = user_frame()
        self.before = dict(_variables(self.frame.f_locals))

    def warn_of_rebound(self, loop: LoopOp) -> None:
        """
        Tells of variables that the body read and bound anew.

        :param loop: the loop, when its body is recorded and nothing was moved out of it
        """
        after = dict(_variables(self.frame.f_locals))
        still_held = {id(value) for name, value in after.items() if self.before.get(name) is value}
        warned = loop.body.recording.warned_states
        told: set[str] = set()
        for name, before in self.before.items():
            new = after.get(name)
            if not isinstance(new, Tensor) or new is before or not new.op.body.is_inside(loop.body_of_steps):
                continue
            if isinstance(before, Tensor):
                reader = None if id(before) in still_held or before in warned else _reader(loop, before, new)
                warned.add(before)
            else:
                reader = new.op if _accumulates(new.op, before) else None
            whole = _variable_of(name)
            if reader is not None and whole not in told:
                told.add(whole)
                warn(
                    f"{name} is read in the loop and then gets a new value in it, but each step reads the value from "
                    "before the loop: a loop does not carry Python variables on. If the new value is for the next "
                    f"step, write loop.state.{_state_name(whole)} = {whole} before the loop, and "
                    f"loop.state.{_state_name(whole)} in place of {whole} in it",
                    reader.source,
                )


def _reader(loop: LoopOp, before: Tensor, new: Tensor) -> Op | None:
    """The op of the body that computes with the value from before, which the new one is alike."""
    if before.known_dims is None or new.known_dims is None or before.op.body.is_inside(loop.body_of_steps):
        return None
    if set(before.dims) != set(new.dims) or before.dtype != new.dtype:
        return None
    for op in _ops(loop.body_of_steps):
        if not isinstance(op, UnstackOp) and any(tensor is before for tensor in op.inputs):
            return op
    return None


def _accumulates(op: Op, start: float) -> bool:
    """Whether the op adds to a number 0, or multiplies a number 1, as sums and products start."""
    return (
        isinstance(op, Combine)
        and _NEUTRAL.get(op.kind) == start
        and any(not tensor.known_dims and constant_value(tensor) == start for tensor in op.inputs)
    )


def _ops(body: Body) -> Iterator[Op]:
    for op in body.ops:
        yield op
        if isinstance(op, LoopOp):
            yield from _ops(op.body_of_steps)


def _variables(names: Any) -> Iterator[tuple[str, Any]]:
    """Tensors and numbers in variables, in attributes of modules, and in tuples, lists and dicts."""
    for name, value in list(names.items()):
        if isinstance(value, Module):
            for attribute, part in vars(value).items():
                yield from _parts(f"{name}.{attribute}", part)
        else:
            yield from _parts(name, value)


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Tensor) or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        yield name, value
    elif isinstance(value, (tuple, list)) and len(value) <= _MOST_PARTS:
        fields = getattr(value, "_fields", None)
        for index, part in enumerate(value):
            yield from _parts(f"{name}.{fields[index]}" if fields else f"{name}[{index}]", part)
    elif isinstance(value, dict) and len(value) <= _MOST_PARTS:
        for key, part in value.items():
            yield from _parts(f"{name}[{key!r}]", part)


def _variable_of(name: str) -> str:
    """What a part belongs to: ``states`` of ``states[0]``, ``s`` of ``s.h``, but all of ``self.h``."""
    start = len("self.") if name.startswith("self.") else 0
    return name[:start] + name[start:].split("[")[0].split(".")[0]


def _state_name(variable: str) -> str:
    return variable.removeprefix("self.")
