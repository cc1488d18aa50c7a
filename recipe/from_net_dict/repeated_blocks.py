"""Layers that a net dict repeats under numbered names: one class for all of them, and a list of its modules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .identifiers import identifier
from .level import Level
from .line import Line

_FEWEST = 3
"""So many blocks are a list; fewer stay as they are."""
_NUMBERED = re.compile(r"([A-Za-z_]*?)_?(\d+)_?(.*)")
_NAME = re.compile(r"(?<![\w.\"'])(self\.)?([A-Za-z_]\w*)(?!\w*=[^=])(?![\w\"'])")


class Block(NamedTuple):
    """
    The class of repeated layers.

    :ivar class_name: of it
    :ivar what: a line on it
    :ivar members: the constructors of its modules, by attribute
    :ivar initial_values: lines of its constructor that say what parameters start with
    :ivar arguments: of its forward
    :ivar lines: of its forward
    :ivar results: what forward gives
    """

    class_name: str
    what: str
    members: dict[str, str]
    initial_values: list[str]
    arguments: list[str]
    lines: list[Line]
    results: list[str]


class _Part(NamedTuple):
    """
    The lines of one number, with names that are the same for all numbers.

    :ivar start: its first line
    :ivar lines: texts
    :ivar own: the names in the block, by the variables
    :ivar attributes: the names in the block, by the attributes
    :ivar inputs: the variables from before, in order
    :ivar modules: the constructors, and what parameters start with, by names in the block
    """

    start: int
    lines: list[str]
    own: dict[str, str]
    attributes: dict[str, str]
    inputs: list[str]
    modules: dict[str, tuple[str, ...]]


def with_blocks(level: Level, results: Sequence[str]) -> tuple[list[Block], list[str]]:
    """
    Puts lists of modules in place of repeated layers of a level.

    :param level: whose code is written; it is changed
    :param results: what its forward gives
    :return: the classes of the blocks, and the results with the names of today
    """
    _put_together(level)
    blocks: list[Block] = []
    found = list(results)
    start = 0
    while start < len(level.lines):
        run = _run_at(level, start)
        shorter = (_Wanted(level, run[:count], found) for count in range(len(run), _FEWEST - 1, -1))
        wanted = next((one for one in shorter if one.is_possible), None)
        if wanted is None:
            start += 1
            continue
        block, changed = wanted.replace()
        blocks.append(block)
        found = [_renamed(result, changed) for result in found]
        start = wanted.following
    return blocks, found


def _put_together(level: Level) -> None:
    """What stands between the lines of one number, and reads none of them, goes before these."""
    for numbered in dict.fromkeys(filter(None, map(_prefix_of, level.lines))):
        places = [position for position, line in enumerate(level.lines) if _prefix_of(line) == numbered]
        between = level.lines[places[0] : places[-1] + 1]
        own = [line for line in between if _prefix_of(line) == numbered]
        others = [line for line in between if _prefix_of(line) != numbered]
        names = {name for line in own for name in _variables(line)}
        if all(line.variable and not names & set(re.findall(r"\w+", line.expression)) for line in others):
            level.lines[places[0] : places[-1] + 1] = [*others, *own]


def _prefix_of(line: Line) -> tuple[str, str] | None:
    match = _NUMBERED.fullmatch(line.variable)
    return (match[1], match[2]) if match else None


def _run_at(level: Level, start: int) -> list[_Part]:
    """The longest run of equal blocks whose first one begins at a line."""
    parts: list[_Part] = []
    numbered = _prefix_of(level.lines[start])
    position = start
    while numbered is not None and position < len(level.lines):
        this = _prefix_of(level.lines[position])
        if this is None or this[0] != numbered[0]:
            break
        end = position
        while end < len(level.lines) and _prefix_of(level.lines[end]) == this:
            end += 1
        part = _part(level, position, end)
        if parts and (part.lines != parts[0].lines or part.modules != parts[0].modules):
            break
        if parts and not _goes_on(parts, part):
            break
        parts.append(part)
        position = end
    return parts


def _part(level: Level, start: int, end: int) -> _Part:
    own: dict[str, str] = {}
    attributes: dict[str, str] = {}
    for line in level.lines[start:end]:
        own[line.variable] = _inner_name(line.variable, set(own.values()))
        if line.is_cell:
            own[f"{line.variable}_state"] = f"{own[line.variable]}_state"
    before = {variable for line in level.lines[:start] for variable in _variables(line)} | set(level.arguments)
    inputs: list[str] = []

    def rename(match: re.Match[str]) -> str:
        is_member, name = bool(match[1]), match[2]
        if is_member and name in level.members:
            attributes.setdefault(name, _inner_name(name, set(attributes.values())))
            return f"self.{attributes[name]}"
        if not is_member and name in own:
            return own[name]
        if not is_member and name in before:
            if name not in inputs:
                inputs.append(name)
            return f"input_{inputs.index(name)}"
        return match[0]

    lines = [_NAME.sub(rename, line.text()) for line in level.lines[start:end]]
    modules = {
        inner: (level.members[name], *(_without_owner(line, name) for line in _initial_values(level, name)))
        for name, inner in attributes.items()
    }
    return _Part(start, lines, own, attributes, inputs, modules)


def _variables(line: Line) -> list[str]:
    if not line.variable:
        return re.findall(r"\w+", line.expression.partition(" = ")[0]) if " = " in line.expression else []
    return [line.variable, f"{line.variable}_state"] if line.is_cell else [line.variable]


def _inner_name(name: str, taken: set[str]) -> str:
    """A name without its prefix and number."""
    match = _NUMBERED.fullmatch(name)
    inner = identifier(match[3].strip("_")) if match and match[3].strip("_") else "output"
    while inner in taken or inner in ("self", "nn", "layer", "forward", "x"):
        inner += "_"
    return inner


def _initial_values(level: Level, attribute: str) -> list[str]:
    return [line for line in level.initial_values if re.match(rf"self\.{attribute}\b", line)]


def _without_owner(line: str, attribute: str) -> str:
    return line.removeprefix(f"self.{attribute}")


def _goes_on(parts: list[_Part], part: _Part) -> bool:
    """Whether a block reads of the one before what that reads of its own one before, and else the same."""
    last = parts[-1]
    for number, name in enumerate(part.inputs):
        carried = last.own.get(name)
        if carried is None and name != parts[0].inputs[number]:
            return False
        if len(parts) > 1 and carried != parts[-2].own.get(last.inputs[number]):
            return False
    return len(part.inputs) == len(parts[0].inputs)


class _Wanted:
    """
    A run of blocks, and what the lines after it want of it.

    :param level: that it is in
    :param run: the blocks
    :param results: of the level
    """

    def __init__(self, level: Level, run: list[_Part], results: Sequence[str]):
        self.level, self.run = level, run
        self.end = run[-1].start + len(run[-1].lines)
        self.following = self.end
        outside = [line.text() for line in [*level.lines[: run[0].start], *level.lines[self.end :]]]
        outside += [*results, *level.members.values()]
        names = {name for text in outside for name in re.findall(r"\w+", text)}
        attributes = {name for part in run for name in part.attributes}
        earlier = {name for part in run[:-1] for name in part.own}
        used_twice = len(attributes) < sum(len(part.attributes) for part in run)
        given = any(f"self.{name}" in text for name in attributes for text in outside)
        self.after = [name for name in run[-1].own if name in names]
        last, first = run[1], run[0]
        self.carried = {number: first.own[name] for number, name in enumerate(last.inputs) if name in first.own}
        is_used = bool(names & earlier)
        has_modules = bool(attributes) and "\n" not in "".join(line for part in run for line in part.lines)
        self.is_possible = has_modules and bool(self.carried) and not (used_twice or given or is_used)

    def replace(self) -> tuple[Block, dict[str, str]]:
        """The class, and the variables outside by those that the last block had; the level has the list then."""
        level, run = self.level, self.run
        prefix = (_prefix_of(level.lines[run[0].start]) or ("layers", ""))[0].strip("_") or "layers"
        attribute = level.unique_member(prefix)
        class_name = level.notes.unique_class_name(f"{prefix} layer")
        outputs = list(dict.fromkeys([*self.carried.values(), *(run[-1].own[name] for name in self.after)]))
        variables = {
            inner: level.unique_variable(prefix if len(outputs) == 1 else f"{prefix}_{inner}") for inner in outputs
        }
        arguments, given, starts = [], [], []
        for number, name in enumerate(run[0].inputs):
            if number in self.carried:
                inner = self.carried[number]
                arguments.append("x" if len(set(self.carried.values())) == 1 else f"last_{inner}")
                given.append(variables[inner])
                starts.append(Line(variables[inner], name))
            else:
                arguments.append(name if name not in run[0].own.values() else f"{name}_given")
                given.append(name)
        lines = [Line("", _with_arguments(text, arguments)) for text in run[0].lines]
        first_number = re.findall(r"\d+", level.lines[run[0].start].variable)[0]
        last_number = re.findall(r"\d+", level.lines[run[-1].start].variable)[0]
        block = Block(
            class_name,
            f"One of the layers {prefix} {first_number} to {last_number}.",
            {inner: texts[0] for inner, texts in run[0].modules.items()},
            [f"self.{inner}{line}" for inner, texts in run[0].modules.items() for line in texts[1:]],
            arguments,
            lines,
            outputs,
        )
        call = f"{', '.join(variables.values())} = layer({', '.join(given)})"
        loop = Line("", f"for layer in self.{attribute}:\n    {call}")
        changed = {name: variables[run[-1].own[name]] for name in self.after}
        rest = [_line_renamed(line, changed) for line in level.lines[self.end :]]
        level.lines = [*level.lines[: run[0].start], *starts, loop, *rest]
        self.following = run[0].start + len(starts) + 1
        self._move_members(attribute, f"nn.ModuleList([{class_name}() for _ in range({len(run)})])")
        return block, changed

    def _move_members(self, attribute: str, constructor: str) -> None:
        level, run = self.level, self.run
        moved = {
            name: f"{attribute}/{number}/{inner}"
            for number, part in enumerate(run)
            for name, inner in part.attributes.items()
        }
        members: dict[str, str] = {}
        for name, text in level.members.items():
            if name not in moved:
                members[name] = text
            else:
                members.setdefault(attribute, constructor)
        level.members = members
        level.initial_values = [
            line for line in level.initial_values if not any(re.match(rf"self\.{name}\b", line) for name in moved)
        ]
        names = level.notes.name_map
        level.notes.name_map = dict(_names_moved(names, level.path, moved))


def _names_moved(names: Mapping[str, str], path: str, moved: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names of parameters with the modules where they are now."""
    for name, old in names.items():
        first, slash, rest = name.removeprefix(path).partition("/")
        is_moved = name.startswith(path) and first in moved
        yield (f"{path}{moved[first]}{slash}{rest}" if is_moved else name), old


def _with_arguments(text: str, arguments: Sequence[str]) -> str:
    return re.sub(r"\binput_(\d+)\b", lambda match: arguments[int(match[1])], text)


def _line_renamed(line: Line, changed: Mapping[str, str]) -> Line:
    line.expression = _renamed(line.expression, changed)
    return line


def _renamed(text: str, changed: Mapping[str, str]) -> str:
    """A text with other names of variables."""

    def rename(match: re.Match[str]) -> str:
        return match[0] if match[1] else changed.get(match[2], match[0])

    return _NAME.sub(rename, text) if changed else text
