"""The results of a run, as text: each registered output with its value or place, by experiment, on either engine."""

from __future__ import annotations

import os
import pprint
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

_MOST_OUTPUTS = 60
_MOST_LINES = 12  # of a text that is shown whole
_WIDEST = 110
_MOST_TEXTS = 6
_LARGEST = 20_000  # bytes of a text that is read at all


class Result(NamedTuple):
    """
    An output.

    :ivar name: that it is registered with
    :ivar value: of a variable, in one line; None of what has no such value
    :ivar lines: of a short text file; empty of all else
    :ivar is_there: whether it is made
    """

    name: str
    value: str | None
    lines: tuple[str, ...]
    is_there: bool


def read_result(name: str, path: Any) -> Result:
    """
    An output as it is now.

    :param name: that it is registered with
    :param path: a path or variable of either engine
    """
    place = path.get_path()
    if not os.path.exists(place):
        return Result(name, None, (), False)
    if any(cls.__name__ == "Variable" for cls in type(path).__mro__):
        try:
            lines = value_text(path.get()).splitlines()
        except Exception as error:  # whatever a file of pickle may raise
            lines = [f"its value cannot be read: {error!r}"]
        return Result(name, lines[0], (), True) if len(lines) == 1 else Result(name, None, tuple(lines), True)
    return _of_text(name, short_text(place))


def read_report(name: str, place: str) -> Result:
    """
    A report as it is now.

    :param place: its file
    """
    return _of_text(name, short_text(place)) if os.path.exists(place) else Result(name, None, (), False)


def _of_text(name: str, lines: tuple[str, ...]) -> Result:
    """One line is shown as a value is."""
    return Result(name, lines[0], (), True) if len(lines) == 1 else Result(name, None, lines, True)


def value_text(value: Any) -> str:
    """A value for people: numbers with a fraction with 2 to 4 digits, structures in lines."""
    if isinstance(value, float):
        return f"{value:.2f}" if 0.1 <= abs(value) < 1e6 else f"{value:.4g}"
    if isinstance(value, str):
        return value if value.strip() else repr(value)
    text = pprint.pformat(value, width=_WIDEST - 4, compact=True)
    lines = text.splitlines()
    return text if len(lines) <= _MOST_LINES else "\n".join([*lines[: _MOST_LINES - 1], f"... ({len(lines)} lines)"])


def short_text(place: str) -> tuple[str, ...]:
    """The lines of a text file that is short enough to be shown; of another file none."""
    try:
        if not os.path.isfile(place) or os.path.getsize(place) > _LARGEST:
            return ()
        with open(place, encoding="utf-8") as file:
            lines = file.read().rstrip().splitlines()
    except (OSError, ValueError):
        return ()
    if len(lines) > _MOST_LINES or any(len(line) > _WIDEST or not line.isprintable() for line in _spaced(lines)):
        return ()
    return tuple(_spaced(lines))


def results_text(results: Iterable[Result], experiments: Iterable[str] = (), output_dir: str = "output") -> str:
    """
    All outputs, in groups by experiment: values, then short texts, then where the others are; groups that have
    neither values nor texts stand last.

    :param experiments: names under which jobs have aliases, as ``g2p/demo`` of ``g2p/demo/training``
    :param output_dir: where outputs are linked to, as it is to be written
    """
    groups: dict[str, list[Result]] = {}
    known = set(experiments)
    for result in sorted(results, key=lambda result: result.name):
        groups.setdefault(group_of(result.name, known), []).append(result)
    lines: list[str] = []
    left, texts_left = _MOST_OUTPUTS, _MOST_TEXTS
    for group, members in sorted(groups.items(), key=lambda item: (not any(map(_has_value, item[1])), item[0])):
        if left <= 0:
            break
        shown = sorted(members, key=lambda one: (one.value is None, not one.lines, not one.is_there))[:left]
        left -= len(shown)
        texts = [one for one in shown if one.lines][:texts_left]
        texts_left -= len(texts)
        lines += ["", group or output_dir, *_group_lines(group, shown, texts, output_dir)]
    count = sum(map(len, groups.values()))
    if count > _MOST_OUTPUTS:
        lines.append(f"and {count - _MOST_OUTPUTS} more outputs in {output_dir}/")
    return "\n".join(lines[1:])


def group_of(name: str, experiments: set[str] | Mapping[str, Any]) -> str:
    """The experiment that an output belongs to: the longest that its name begins with, else its first directory."""
    parts = name.split("/")[:-1]
    for length in range(len(parts), 0, -1):
        if "/".join(parts[:length]) in experiments:
            return "/".join(parts[:length])
    return parts[0] if parts else ""


def _group_lines(group: str, shown: Sequence[Result], texts: Sequence[Result], output_dir: str) -> list[str]:
    names = {one: one.name[len(group) + 1 :] if group else one.name for one in shown}
    values = [one for one in shown if one.value is not None]
    missing = [one for one in shown if not one.is_there]
    width = max((len(names[one]) for one in (*values, *missing)), default=0)
    value_width = max((len(one.value or "") for one in values if _is_number(one.value)), default=0)
    lines = [f"  {names[one]:<{width}}  {(one.value or '').rjust(value_width)}" for one in values]
    for one in texts:
        lines += [f"  {names[one]}", *(f"    {line}".rstrip() for line in one.lines)]
    places = [one for one in shown if one not in (*values, *texts, *missing)]
    lines += [f"  {os.path.join(output_dir, one.name)}" for one in places]
    return lines + [f"  {names[one]:<{width}}  not there" for one in missing]


def _has_value(result: Result) -> bool:
    return result.value is not None or bool(result.lines)


def _is_number(text: str | None) -> bool:
    try:
        float(text or "")
    except ValueError:
        return False
    return True


def _spaced(lines: Sequence[str]) -> list[str]:
    return [line.expandtabs() for line in lines]
