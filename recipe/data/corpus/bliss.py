"""
Bliss XML, the corpora of RASR and i6: corpora in corpora, recordings, segments, speakers; plain or gzip.

A segment's name is ``corpus/.../recording/segment``; a segment without a name is numbered from 1. What a corpus
includes stands in it as if it were written there, so the name of the included corpus does not count (i6_core,
``lib/corpus.py``).
"""

from __future__ import annotations

import gzip
import os
import xml.sax
import zlib
from typing import Any

from .corpus import Corpus, Segment

_CORPUS = ("corpus", "subcorpus")

_HINT = (
    ". In a text, & is written &amp; and < is &lt;; its encoding is the one that the first line names, or UTF-8 "
    "(xmllint --noout FILE shows more)"
)


def read_bliss(path: str, *, audio_directory: str | None = None) -> Corpus:
    """
    A corpus file, with those that it includes.

    :param audio_directory: what paths of recordings are relative to; default: the directory of the file
    :raises ValueError: at XML that is none, a segment outside of a recording, times that are none, a recording that is
        not there or has no segment; the message names file and line
    """
    reader = _Reader(path, audio_directory)
    reader.read(path)
    try:
        return Corpus(tuple(reader.segments))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


class _Reader(xml.sax.ContentHandler):
    """Collects segments while the file is read, so that files of any size fit."""

    def __init__(self, path: str, audio_directory: str | None, around: _Reader | None = None):
        super().__init__()
        self.path = path
        self.audio_directory = audio_directory
        self.segments: list[Segment] = []
        self._is_included = around is not None
        self._files = [os.path.realpath(path)]  # this one, and those around
        self._places: dict[str, str] = {}  # file and line of each segment
        self._names: list[str] = []  # of the corpora and the recording around
        self._speakers: list[str | None] = [None]  # by level: a speaker holds for what stands inside
        if around is not None:
            self._files += around._files
            self._places = around._places
            self._names = list(around._names)
            self._speakers = [around._speakers[-2]]
        self._elements: list[str] = []
        self._audio: str | None = None
        self._count = 0
        self._segment: dict[str, Any] = {}
        self._text: list[str] | None = None

    def read(self, path: str) -> None:
        """Reads a file to its end."""
        opened = gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")
        with opened as file:
            try:
                xml.sax.parse(file, self)
            except xml.sax.SAXParseException as error:
                place = f"{path}:{error.getLineNumber()}: column {(error.getColumnNumber() or 0) + 1}"
                raise ValueError(f"{place}: no XML: {error.getMessage()}{_HINT}") from error
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise ValueError(f"{path}: the gzip file is damaged: {error}") from error

    def _place(self) -> str:
        locator: Any = getattr(self, "_locator", None)
        return f"{self.path}:{locator.getLineNumber() if locator else '?'}"

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"{self._place()}: {what}")

    def startElement(self, name: str, attrs: Any) -> None:
        """An element begins."""
        parent = self._elements[-1] if self._elements else None
        self._elements.append(name)
        self._speakers.append(self._speakers[-1])
        if parent is None and name != "corpus":
            raise self._wrong(f"a corpus file begins with <corpus>, not <{name}>")
        if name in (*_CORPUS, "recording"):
            if "name" not in attrs:
                raise self._wrong(f"<{name}> has no name")
            if parent is not None or not self._is_included:
                self._names.append(attrs["name"])
        if name == "recording":
            self._begin_recording(attrs)
        elif name == "segment":
            self._begin_segment(attrs)
        elif name == "orth" and parent == "segment":
            self._text = []
        elif name == "speaker" and "name" in attrs:
            self._speakers[-2] = attrs["name"]
        elif name == "include":
            self._include(attrs)

    def characters(self, content: str) -> None:
        """Text, of which only that of orth counts."""
        if self._text is not None:
            self._text.append(content)

    def endElement(self, name: str) -> None:
        """An element ends."""
        if name == "orth" and self._text is not None:
            if "text" in self._segment:
                raise self._wrong("a second <orth> of this segment")
            self._segment["text"] = " ".join("".join(self._text).split())
            self._text = None
        elif name == "segment":
            self._end_segment()
        elif name == "recording":
            if self._count == 0:
                raise self._wrong(f"audio without transcript: recording {self._names[-1]!r} has no segment")
            self._audio = None
        self._elements.pop()
        if name in (*_CORPUS, "recording") and (self._elements or not self._is_included):
            self._names.pop()
        self._speakers.pop()

    def _begin_recording(self, attrs: Any) -> None:
        if "audio" not in attrs:
            raise self._wrong(f"recording {attrs['name']!r} has no audio")
        home = self.audio_directory or os.path.dirname(os.path.abspath(self.path))
        self._audio = os.path.abspath(os.path.join(home, attrs["audio"]))
        if not os.path.exists(self._audio):
            raise self._wrong(f"a transcript without audio: {self._audio} is not there")
        self._count = 0

    def _begin_segment(self, attrs: Any) -> None:
        if self._audio is None:
            raise self._wrong("<segment> stands outside of a <recording>")
        self._count += 1
        name = "/".join([*self._names, attrs.get("name", str(self._count))])
        if name in self._places:
            raise self._wrong(f"a second segment with the name {name!r}; the first is in {self._places[name]}")
        self._places[name] = self._place()
        self._segment = {"name": name}
        try:
            end = float(attrs.get("end", "inf"))
            self._segment["start"] = float(attrs.get("start", 0.0))
            self._segment["end"] = None if end in (0.0, float("inf")) else end  # i6_core writes 0 for no end
        except ValueError as error:
            raise self._wrong(f"segment {name!r}: start and end are no numbers of seconds: {error}") from error

    def _end_segment(self) -> None:
        if "text" not in self._segment:
            raise self._wrong(f"audio without transcript: segment {self._segment['name']!r} has no <orth>")
        try:
            speaker = self._speakers[-1] or "unknown"
            self.segments.append(Segment(audio=str(self._audio), speaker=speaker, **self._segment))
        except ValueError as error:
            raise self._wrong(str(error)) from error

    def _include(self, attrs: Any) -> None:
        file = os.path.join(os.path.dirname(os.path.abspath(self.path)), attrs.get("file", ""))
        if not os.path.isfile(file):
            raise self._wrong(f"<include> of {file}, which is no file")
        if os.path.realpath(file) in self._files:
            raise self._wrong(f"<include> of {file}, which stands in this file or includes it: there is no end to that")
        inner = _Reader(file, self.audio_directory, self)
        inner.read(file)
        self.segments += inner.segments
