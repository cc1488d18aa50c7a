"""What recurrent layers made of ops share: their dims, checks of their states, and the loop over a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..language.loop import Loop
from ..language.module import Module
from ..language.state_argument import state_argument
from ..ops.array import reverse
from ..ops.as_tensor import as_tensor
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.structure import flatten, structure_text
from ..record.graph import Tensor
from ..record.outermost import outermost_body
from ..record.recording import current_recording


def in_and_out_dim(name: str, dims: tuple[DimLike, ...]) -> tuple[DimLike | None, Dim]:
    """
    The dims that a layer is made with: ``(out_dim)``, or ``(in_dim, out_dim)``.

    :raises NetworkError: if there are others
    """
    if not 1 <= len(dims) <= 2:
        raise NetworkError(f"{name}(out_dim) or {name}(in_dim, out_dim), not {name}{dims}")
    return dims[0] if len(dims) == 2 else None, as_dim(dims[-1])


def check_direction(direction: int, instead: str) -> int:
    """
    :param instead: what else there is
    :raises NetworkError: if it is no direction
    """
    if direction not in (1, -1):
        raise NetworkError(f"direction is 1 (forward) or -1 (backward), not {direction}{instead}")
    return direction


def axis_of_sequence(module: Module, cell: str, x: Tensor, axis: DimLike | str | None) -> Dim:
    """
    The axis that a layer goes over.

    :param cell: the name of the module for one step
    :raises NetworkError: if there is none
    """
    if axis is None and not any(dim.is_dynamic for dim in x.dims):
        raise NetworkError(
            f"{type(module).__name__} goes over a whole sequence, [batch, time, features], but {x} is none. For one "
            f"step, in a loop, there is nn.{cell}: y, loop.state.NAME = cell(x, loop.state.NAME)"
        )
    return x.resolve_axis(axis)


def state_dims(x: Tensor, axis: Dim | None, out_dim: Dim) -> list[Dim]:
    """The dims of a state beside an input: all but the axis of the steps, and other features."""
    return [*(dim for dim in x.dims if dim is not axis and dim is not x.feature_dim), out_dim]


def cell_state(module: Module, state: Any, parts: str, initial_state: Callable[[], Any]) -> Any:
    """
    What a cell is given as its state.

    :param parts: the names of its parts, in messages
    :raises NetworkError: if it is none
    """
    state = state_argument(state, initial_state)
    wanted = len(parts.split(" and "))
    if wanted == 1 and state is not None and not isinstance(state, (tuple, list, dict)):
        return as_tensor(state)
    if wanted > 1 and isinstance(state, (tuple, list)) and len(state) == wanted:
        return tuple(as_tensor(part) for part in state)
    given = structure_text(state) if state is not None else None
    raise NetworkError(
        f"{type(module).__name__} wants its state, {parts}, not {given}: h, loop.state.cell = cell(x, "
        "loop.state.cell), with loop.state.cell = cell.initial_state() before the loop body"
    )


def check_state(
    module: Module, part: str, x: Tensor, state: Tensor, dims: list[Dim], sequence: str | None = None
) -> None:
    """
    :param part: its name, in messages
    :param dims: what it must have
    :param sequence: of a cell: the name of the module for a whole sequence
    :raises NetworkError: if a state has not the dims that it must have beside an input
    """
    if state.known_dims is None or set(state.dims) == set(dims):
        return
    more = sequence is not None and any(dim.is_dynamic and dim not in state.dims for dim in x.dims)
    hint = f" A cell computes one step: unstack the input in a loop, or use nn.{sequence} for the whole sequence"
    raise NetworkError(
        f"the state {part} of {type(module).__name__} must be {dims_text(dims)}, as its input is {x}, but it is "
        f"{state}.{hint if more else ''}"
    )


def over_sequence(
    step: Callable[[Tensor, Any], tuple[Tensor, Any]], x: Tensor, state: Any, axis: Dim, direction: int
) -> tuple[Tensor, Any]:
    """
    A step for each frame of a sequence.

    :param step: of the frame and the state: the output and the new state
    :param x: [..., axis, ...]
    :param state: before the first step
    :param direction: 1 forward, -1 backward
    :return: the outputs of all steps, and the state after the last one (of the first frame, if backward)
    """
    with current_recording().at(outermost_body([x, *(part for _, part in flatten(state))])):
        loop = Loop()
        loop.state.state = state
        with loop:
            frame = loop.unstack(x if direction == 1 else reverse(x, axis=axis), axis)
            y, loop.state.state = step(frame, loop.state.state)
            steps = loop.stack(y)
        return steps if direction == 1 else reverse(steps, axis=axis), loop.state.state
