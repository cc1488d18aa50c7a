"""
Tables: a segment a line, with TAB between columns, of which one has paths of recordings. The names of columns stand in
the first line, or are given.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from ..text import numbered_lines
from .corpus import Corpus, Segment

COLUMNS = ("name", "audio", "text", "speaker", "start", "end")
"""What a table may have; ``audio`` and ``text`` it must have."""


def read_table(
    path: str, *, columns: Mapping[str, str] | Sequence[str] | None = None, audio_directory: str | None = None
) -> Corpus:
    """
    A table.

    Without ``name``, a segment has the name of its file without its ending; without ``speaker``, it has one of its own.

    :param columns: names of the columns in the file by ours, where they differ, as for Common Voice
        ``{"audio": "path", "text": "sentence", "speaker": "client_id"}``; or the names of all columns, by ours where
        they are ours, of a file without a line of names: ``["audio", "text"]``
    :param audio_directory: what paths are relative to; default: the directory of the file
    :raises ValueError: at a malformed line, a recording that is not there, or a name that stands twice; the message
        names file and line
    """
    header = None if columns is None or isinstance(columns, Mapping) else list(columns)
    asked = dict(columns) if isinstance(columns, Mapping) else {}
    names = {column: column for column in COLUMNS} | asked
    unknown = sorted(set(names) - set(COLUMNS))
    if unknown:
        raise ValueError(f"columns {', '.join(unknown)}: a table of segments has {', '.join(COLUMNS)}")
    home = audio_directory or os.path.dirname(os.path.abspath(path))
    segments: dict[str, Segment] = {}
    lines: dict[str, int] = {}
    if header is not None:
        _check_header("columns", header, names, asked)
    for number, line in numbered_lines(path):
        if header is None:
            header = line.split("\t")
            _check_header(f"{path}:1", header, names, asked)
            continue
        if not line.strip():
            continue
        fields = line.split("\t")
        if len(fields) != len(header):
            raise ValueError(f"{path}:{number}: {len(fields)} columns, but there are names of {len(header)}")
        row = {column: fields[header.index(name)] for column, name in names.items() if name in header}
        try:
            segment = _segment(row, home)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error
        if segment.name in segments:
            raise ValueError(
                f"{path}:{number}: {segment.name!r} stands there twice, first in line {lines[segment.name]}"
            )
        segments[segment.name], lines[segment.name] = segment, number
    if not segments:
        raise ValueError(f"{path}: this corpus is empty")
    return Corpus(tuple(segments.values()))


def _check_header(place: str, header: list[str], names: Mapping[str, str], asked: Mapping[str, str]) -> None:
    for column in ("audio", "text", *asked):
        if names[column] not in header:
            raise ValueError(
                f"{place}: no column {names[column]!r}; it has {len(header)}: {' | '.join(header)[:200]}. Columns have "
                'TAB between them, and names in the first line; of a file without, columns=["audio", "text"] gives them'
            )
    twice = sorted({name for name in header if header.count(name) > 1} & set(names.values()))
    if twice:
        raise ValueError(f"{place}: two columns have the name {twice[0]!r}")


def _segment(row: Mapping[str, str], home: str) -> Segment:
    if not row["audio"]:
        raise ValueError("a transcript without audio")
    audio = os.path.abspath(os.path.join(home, row["audio"]))
    if not os.path.exists(audio):
        raise ValueError(f"a transcript without audio: {audio} is not there")
    text = " ".join(row["text"].split())
    if not text:
        raise ValueError(f"audio without transcript: {row['audio']}")
    name = row.get("name") or os.path.splitext(os.path.basename(audio))[0]
    start, end = _seconds(row, "start"), _seconds(row, "end")
    return Segment(name, audio, text, row.get("speaker") or name, start or 0.0, end)


def _seconds(row: Mapping[str, str], column: str) -> float | None:
    """The number of a column; None where it has none."""
    value = row.get(column, "")
    try:
        return float(value) if value else None
    except ValueError:
        raise ValueError(f"{column} is {value!r}, which is no number of seconds") from None
