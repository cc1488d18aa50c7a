"""
Manifests of lhotse (``recordings.jsonl.gz``, ``supervisions.jsonl.gz``), as ``lhotse prepare CORPUS`` writes them.

lhotse itself needs PyTorch, so it prepares manifests in an environment of its own, and they are read here without it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from ..text import numbered_lines
from .corpus import Corpus, Segment
from .matching import some_of


def read_lhotse(recordings: str, supervisions: str, *, audio_directory: str | None = None) -> Corpus:
    """
    The segments of a manifest of supervisions.

    :param recordings: the manifest of recordings
    :param supervisions: the manifest of supervisions
    :param audio_directory: what paths of recordings are relative to; default: the current directory, as for lhotse
    :raises ValueError: at a malformed line, a recording that is no file or not there, a supervision without recording
        or the reverse; the message names file and line
    """
    files: dict[str, tuple[str, float]] = {}
    for number, entry in _entries(recordings, ("id", "sources", "duration")):
        try:
            file = _file_of(entry["sources"], audio_directory)
            duration = _number(entry, "duration")
            if entry.get("transforms"):
                raise ValueError(f"it is changed when it is read, which is not done here: {entry['transforms']}")
        except ValueError as error:
            raise ValueError(f"{recordings}:{number}: recording {entry['id']!r}: {error}") from error
        files[entry["id"]] = file, duration
    segments: dict[str, Segment] = {}
    used = set()
    for number, entry in _entries(supervisions, ("id", "recording_id", "start", "duration")):
        place = f"{supervisions}:{number}"
        if entry["recording_id"] not in files:
            raise ValueError(f"{place}: a transcript without audio: no recording {entry['recording_id']!r}")
        if entry.get("channel", 0) not in (0, [0]):
            raise ValueError(f"{place}: {entry['id']!r} is of channel {entry['channel']}: of several, none is read")
        if not isinstance(entry.get("text"), str):
            raise ValueError(f"{place}: audio without transcript: {entry['id']!r} has no text")
        used.add(entry["recording_id"])
        file, duration = files[entry["recording_id"]]
        speaker = entry.get("speaker") or entry["recording_id"]
        text = " ".join(entry["text"].split())
        try:
            start = _number(entry, "start")
            end = start + _number(entry, "duration")
            is_to_end = end >= duration - 1e-3  # lhotse rounds durations
            segment = Segment(entry["id"], file, text, speaker, start, None if is_to_end else end)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        if segment.name in segments:
            raise ValueError(f"{place}: {segment.name!r} stands there twice")
        segments[segment.name] = segment
    silent = sorted(set(files) - used)
    if silent:
        raise ValueError(f"{supervisions}: audio without transcript: {some_of(silent)} of {recordings}")
    try:
        return Corpus(tuple(segments.values()))
    except ValueError as error:
        raise ValueError(f"{supervisions}: {error}") from error


def _entries(path: str, keys: tuple[str, ...]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        try:
            entry = json.loads(line)
            missing = [key for key in keys if key not in entry]
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}:{number}: no JSON ({error}): {line[:120]}") from error
        if missing:
            raise ValueError(f"{path}:{number}: no manifest of this kind: it has no {' and no '.join(missing)}")
        yield number, entry


def _number(entry: dict[str, Any], key: str) -> float:
    try:
        return float(entry[key])
    except (TypeError, ValueError):
        raise ValueError(f"{key} is {entry[key]!r}, which is no number of seconds") from None


def _file_of(sources: Any, home: str | None) -> str:
    if not isinstance(sources, list) or len(sources) != 1:
        raise ValueError(f"one source of sound is wanted, not {sources!r}")
    if sources[0].get("type") != "file":
        raise ValueError(f"its sound is no file but a {sources[0].get('type')}: {str(sources[0].get('source'))[:120]}")
    path = os.path.abspath(os.path.join(home or "", sources[0]["source"]))
    if not os.path.exists(path):
        raise ValueError(f"the file is not there: {path}")
    return path
