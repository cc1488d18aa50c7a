"""
A corpus: segments of recordings with their texts.

Its file has a segment a line, as JSON; gzip::

    {"name": "1034-121119-0000", "audio": "/data/1034-121119-0000.flac", "text": "AND SO ON", "speaker": "1034"}
    {"name": "talk/1", "audio": "/data/talk.wav", "text": "good", "speaker": "a", "start": 0.5, "end": 1.75}
"""

from __future__ import annotations

import collections
import dataclasses
import gzip
import io
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from ..text import numbered_lines


@dataclasses.dataclass(frozen=True)
class Segment:
    """
    A piece of a recording.

    :ivar name: unique in its corpus; the tag of the sequence
    :ivar audio: the file of the recording
    :ivar text: what is said; empty where that is not known
    :ivar speaker: who says it
    :ivar start: in seconds
    :ivar end: in seconds; None: that of the recording
    """

    name: str
    audio: str
    text: str
    speaker: str
    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.audio:
            raise ValueError(f"a segment needs a name and a file, not {self.name!r} and {self.audio!r}")
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise ValueError(f"segment {self.name!r} is from {self.start} to {self.end} seconds, which is no time")

    @property
    def is_whole_file(self) -> bool:
        """Whether it is all of its recording."""
        return self.start == 0.0 and self.end is None


@dataclasses.dataclass(frozen=True)
class Corpus:
    """
    Segments in a fixed order.

    :param segments: all of them
    :raises ValueError: if there is none, or two have the same name
    """

    segments: tuple[Segment, ...]

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("this corpus, or this part of it, has no segment")
        counts = collections.Counter(segment.name for segment in self.segments)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"{_some(twice)}: more than one segment has this name")

    def __len__(self) -> int:
        return len(self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    @classmethod
    def read(cls, path: str) -> Corpus:
        """
        Reads a corpus that :meth:`write` wrote.

        :raises ValueError: at a line that is no segment; the message names file and line
        """
        segments = []
        for number, line in numbered_lines(path):
            try:
                segments.append(_segment(json.loads(line)))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{path}:{number}: no segment as JSON ({error}): {line[:200]}") from error
        try:
            return cls(tuple(segments))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def write(self, path: str) -> None:
        """Writes the file; the same corpus gives the same bytes."""
        with open(path + ".part", "wb") as raw:
            with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file, io.TextIOWrapper(file, "utf-8") as text:
                for segment in self.segments:
                    text.write(json.dumps(_entry(segment), ensure_ascii=False) + "\n")
        os.replace(path + ".part", path)


def joined(corpora: Iterable[Corpus]) -> Corpus:
    """
    Several corpora as one.

    :raises ValueError: if a name is in two of them
    """
    return Corpus(tuple(segment for corpus in corpora for segment in corpus))


def _entry(segment: Segment) -> dict[str, Any]:
    """A segment as JSON; times that are those of the whole file are left out."""
    return {
        field.name: getattr(segment, field.name)
        for field in dataclasses.fields(segment)
        if field.default is dataclasses.MISSING or getattr(segment, field.name) != field.default
    }


def _segment(entry: Any) -> Segment:
    if not isinstance(entry, dict):
        raise TypeError("it is no object")
    kinds: dict[str, Any] = {**dict.fromkeys(("name", "audio", "text", "speaker"), str), "start": (int, float)}
    kinds["end"] = (int, float)
    for key, value in entry.items():
        if key not in kinds:
            raise TypeError(f"unknown key {key!r}")
        if not isinstance(value, kinds[key]):
            raise TypeError(f"{key} is {value!r}")
    return Segment(**entry)


def _some(names: list[str]) -> str:
    shown = ", ".join(map(repr, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} others"
