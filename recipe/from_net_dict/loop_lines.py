"""The lines of a loop in forward: what it starts with, and its body with the states assigned."""

from __future__ import annotations

import re

from .line import Line
from .loop_level import LoopLevel


def head(level: LoopLevel) -> list[str]:
    """The lines before the body: the loop, and the initial values of its states."""
    options = [level.axis_option] if level.axis_option else []
    if level.axis is None and level.given_axis in level.known_axes:
        options.append(level.notes.dims.text(level.given_axis))
    if level.limit is not None:
        only_in_search = "None if search is None else " if level.uses_search else ""
        options.append(f"max_seq_len={only_in_search}{level.limit}")
    lines = [*level.lines_before, f"loop = nn.Loop({', '.join(options)})"]
    for name, state in level.states.items():
        initial = level.initial_texts.get(name)
        if initial is not None:
            lines.append(f"loop.state.{state} = {initial}")
    return [*lines, *(f"loop.state.{state} = {initial}" for state, initial in level.inner_initial.items())]


def body(level: LoopLevel) -> list[str]:
    """The lines of the body, but for what it returns; a state is assigned at once where nothing reads it later."""
    lines: list[str] = []
    at_the_end: list[str] = []
    for number, line in enumerate(level.lines):
        if line.may_be_left_out and line.state is None and not _is_used(level, line):
            continue
        if line.state is None:
            lines += line.text().split("\n")
            continue
        state = f"loop.state.{level.states[line.state]}"
        is_read_later = any(line.state in later.reads for later in level.lines[number + 1 :])
        if line.is_cell:
            lines.append(line.text())
            (at_the_end if is_read_later else lines).append(f"{state} = {line.variable}_state")
        elif is_read_later:
            lines.append(line.text())
            at_the_end.append(f"{state} = {line.variable}")
        elif _is_used(level, line):
            lines.append(f"{state} = {line.text()}")
        else:
            lines.append(f"{state} = {line.expression}")
    return _with_cells_assigned(lines) + at_the_end


def _is_used(level: LoopLevel, line: Line) -> bool:
    """Whether something else than a state has the value of a line."""
    texts = [other.expression for other in level.lines if other is not line] + level.results
    return any(re.search(rf"\b{line.variable}\b", text) for text in texts)


def _with_cells_assigned(lines: list[str]) -> list[str]:
    """``h, s = ...; loop.state.s = s`` in one line, where nothing else reads ``s``."""
    result: list[str] = []
    for line in lines:
        match = re.fullmatch(r"(loop\.state\.\w+) = (\w+_state)", line)
        variable = match[2] if match else ""
        uses = sum(bool(re.search(rf"\b{variable}\b", other)) for other in lines) if match else 0
        if match and uses == 2 and result and result[-1].partition(" = ")[0].endswith(f", {variable}"):
            result[-1] = result[-1].replace(f", {variable} = ", f", {match[1]} = ", 1)
        else:
            result.append(line)
    return result
