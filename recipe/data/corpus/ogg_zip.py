"""Archives of RETURNN's OggZipDataset: a sound file for each sequence, and a list of all as Python text."""

from __future__ import annotations

import ast
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

_TIME = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes


class Entry(NamedTuple):
    """
    A sequence of an archive.

    :ivar name: the tag of the sequence
    :ivar text: the transcript
    :ivar speaker: RETURNN does not read it
    :ivar seconds: how long it is; RETURNN sorts by it
    :ivar content: of the sound file
    """

    name: str
    text: str
    speaker: str
    seconds: float
    content: bytes


def write_ogg_zip(path: str, entries: Iterable[Entry], ending: str) -> int:
    """
    Writes an archive, one sequence at a time; it appears under its name when it is complete.

    :param path: ends with ``.zip``; RETURNN takes the names of what is inside from it
    :param ending: of the sound files, as "flac"
    :return: how many sequences
    """
    base = os.path.splitext(os.path.basename(path))[0]
    lines = []
    with zipfile.ZipFile(path + ".part", "w") as archive:
        for number, entry in enumerate(entries):
            file = f"{number:07d}_{re.sub(r'[^A-Za-z0-9._-]', '_', entry.name)[-100:]}.{ending}"
            _add(archive, f"{base}/{file}", entry.content, zipfile.ZIP_STORED)
            # RETURNN wants a float of the duration, and reads the list by its own parser of Python's literals
            line = {"text": entry.text, "duration": round(entry.seconds, 6), "file": file, "seq_name": entry.name}
            lines.append(repr({**line, "speaker": entry.speaker}))
        listed = "[\n" + "".join(f"{line},\n" for line in lines) + "]\n"
        _add(archive, f"{base}.txt", listed.encode(), zipfile.ZIP_DEFLATED)
    os.replace(path + ".part", path)
    return len(lines)


def read_list(path: str) -> list[dict[str, Any]]:
    """
    What an archive says of its sequences: ``text``, ``duration``, ``file``, ``seq_name``, ...

    :raises ValueError: if it is no archive of this kind
    """
    base = os.path.splitext(os.path.basename(path))[0]
    try:
        with zipfile.ZipFile(path) as archive:
            entries = ast.literal_eval(archive.read(f"{base}.txt").decode())
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise ValueError(f"{path}: no archive of OggZipDataset with a list {base}.txt: {error}") from error
    return list(entries)


def read_files(path: str, files: Iterable[str]) -> Iterator[bytes]:
    """The content of sound files by their names in the list, in that order."""
    base = os.path.splitext(os.path.basename(path))[0]
    with zipfile.ZipFile(path) as archive:
        for file in files:
            yield archive.read(f"{base}/{file}")


def _add(archive: zipfile.ZipFile, name: str, content: bytes, kind: int) -> None:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr = 0o644 << 16
    info.create_system = 3
    archive.writestr(info, content, compress_type=kind)
