"""What a run in NumPy computed in each step of its loops, as a list and as a table to read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, overload

import numpy

from ..plain.dim import batch_dim
from ..plain.dims import dims_text
from ..record.arrays import aligned
from ..record.graph import Tensor
from ..record.loops import LoopOp
from .value_names import value_names


class Step(NamedTuple):
    """
    One value of one step.

    :ivar step: the numbers of the step of all loops around, outermost first
    :ivar what: what was computed, its dims, and the line that wrote it
    :ivar value: the array, batch included
    :ivar tensor: which tensor of the network it is
    :ivar loop: the innermost loop around
    :ivar alive: which sequences of the batch (hypotheses, in a search) still run in this step: bool [batch]
    :ivar counts: where the value is no padding, and of sequences that still run: bool, which broadcasts to the value
    """

    step: tuple[int, ...]
    what: str
    value: numpy.ndarray
    tensor: Tensor
    loop: LoopOp
    alive: numpy.ndarray
    counts: numpy.ndarray


class Trace(Sequence[Step]):
    """
    All values of all steps of a run, in the order in which they were computed. Printing it shows :meth:`table`.
    """

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def append(self, step: Step) -> None:
        """Notes one more value."""
        self._steps.append(step)

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...

    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...

    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        return self._steps[index]

    def __str__(self) -> str:
        return self.table()

    def table(self, sequence: int = 0, *, match: str = "", width: int = 120, lines: bool = True) -> str:
        """
        The values of one sequence of the batch as text: a table per loop, a row per value, a column per step.

        A state's row is its value at the start of the step. Vectors are cut after a few numbers. ``-`` stands for steps
        behind the end of the sequence.

        :param sequence: its position in the batch; in a search ``sequence * beam_size + rank in the step``
        :param match: only values whose description contains this: ``"state"``, a module's path, a file name
        :param width: of the text; steps that do not fit go into further tables
        :param lines: whether rows begin with the line that wrote the value
        """
        chosen = [step for step in self._steps if match in _row_name(step.tensor)]
        if not chosen:
            return f"no value of {len(self)} that a loop computed contains {match!r}" if match else "no loop has run"
        loops = list(dict.fromkeys(step.loop for step in chosen))
        return "\n\n".join(
            _table_of_loop([step for step in chosen if step.loop is loop], sequence, width, lines) for loop in loops
        )

    def arrays(self, *, match: str = "") -> dict[str, numpy.ndarray]:
        """
        The values of all steps as arrays [steps, *dims of the value], by name: ``state h``, the user's variable, or the
        op, with the path of its module; ``print(list(run.trace.arrays()))`` shows the names.

        Of a loop in a loop they are [steps, steps of the inner loop, ...]. Where a sequence of the batch is over, or a
        step was not made, numbers are NaN, integers 0 and bools False.

        :param match: only values whose name contains this
        """
        names = value_names(dict.fromkeys(step.tensor for step in self._steps))
        chosen: dict[Tensor, list[Step]] = {tensor: [] for tensor, name in names.items() if match in name}
        for step in self._steps:
            if step.tensor in chosen:
                chosen[step.tensor].append(step)
        return {names[tensor]: _stacked(tensor, steps) for tensor, steps in chosen.items()}

    def __repr__(self) -> str:
        return f"<Trace of {len(self)} values; print it, or its table(sequence)>"


def _stacked(tensor: Tensor, steps: list[Step]) -> numpy.ndarray:
    """All steps of a value, with an axis for each loop around."""
    sizes = [max(numbers) + 1 for numbers in zip(*(step.step for step in steps))]
    shape = [max(numbers) for numbers in zip(*(step.value.shape for step in steps))]
    dtype = steps[0].value.dtype
    array: numpy.ndarray = numpy.full((*sizes, *shape), numpy.nan if dtype.kind == "f" else 0, dtype)
    for step in steps:
        place: tuple[Any, ...] = (*step.step, *(slice(size) for size in step.value.shape), ...)
        inside = array[place]
        goes_on = aligned(step.alive, (batch_dim,), tensor.dims) if batch_dim in tensor.dims else True
        inside[...] = numpy.where(goes_on, step.value, inside)
    return array


def _table_of_loop(steps: list[Step], sequence: int, width: int, with_lines: bool) -> str:
    """The table of one loop."""
    columns = list(dict.fromkeys(step.step for step in steps))
    rows = list(dict.fromkeys(step.tensor for step in steps))
    cells = {(step.tensor, step.step): _cell(step, sequence) for step in steps}
    names = [_row_name(tensor) if with_lines else _what(tensor) for tensor in rows]
    name_width = max(map(len, names))
    widths = [max(len(_column_name(c)), *(len(cells.get((row, c), "")) for row in rows)) for c in columns]
    place = f" in {_short(str(steps[0].loop.source))}" if with_lines else ""
    title = f"loop over {steps[0].loop.get_axis()}{place}, sequence {sequence}"
    blocks = []
    for part in _parts_that_fit(widths, width - name_width):
        lines = [_line("step", name_width, [(_column_name(columns[i]), widths[i]) for i in part])]
        for name, row in zip(names, rows):
            lines.append(_line(name, name_width, [(cells.get((row, columns[i]), ""), widths[i]) for i in part]))
        blocks.append("\n".join(lines))
    return title + "\n" + "\n\n".join(blocks)


def _parts_that_fit(widths: list[int], room: int) -> Iterator[list[int]]:
    """The columns in groups that are at most so wide together, at least one in each."""
    part: list[int] = []
    used = 0
    for index, width in enumerate(widths):
        if part and used + width + 2 > room:
            yield part
            part, used = [], 0
        part.append(index)
        used += width + 2
    yield part


def _line(name: str, name_width: int, cells: list[tuple[str, int]]) -> str:
    return "  ".join([name.ljust(name_width), *(text.rjust(width) for text, width in cells)]).rstrip()


def _row_name(tensor: Tensor) -> str:
    """``model.py:12  state h [batch, dim=4]``: where it was written, what it is, and its dims."""
    return f"{_short(str(tensor.op.source))}  {_what(tensor)}"


def _what(tensor: Tensor) -> str:
    leaf = getattr(tensor.op, "leaf", None)
    path = tensor.op.module_path()
    what = f"state {leaf.name}" if leaf is not None else tensor.op.name + (f" of {path}" if path else "")
    return f"{what} {dims_text(tensor.known_dims)}"


def _short(source: str) -> str:
    return os.path.basename(source)


def _column_name(step: tuple[int, ...]) -> str:
    return ".".join(map(str, step))


def _cell(step: Step, sequence: int) -> str:
    value, tensor = step.value, step.tensor
    if sequence < len(step.alive) and not step.alive[sequence]:
        return "-"
    if batch_dim in tensor.dims:
        value = numpy.take(value, sequence, axis=tensor.dims.index(batch_dim))
    if tensor.sparse_dim is not None and tensor.sparse_dim.labels:
        texts = [tensor.sparse_dim.labels[index] for index in value.flatten()[:_NUMBERS]]
    else:
        texts = [f"{number:.3g}" if value.dtype.kind == "f" else str(number) for number in value.flatten()[:_NUMBERS]]
    return " ".join(texts) + (" .." if value.size > _NUMBERS else "")


_NUMBERS = 3
