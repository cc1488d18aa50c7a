"""Lines of text files that others wrote: UTF-8, plain or gzip, with messages that name file and line."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator


def numbered_lines(path: str) -> Iterator[tuple[int, str]]:
    """
    Number and text of each line, without its end; the first line is 1.

    :param path: of a file; one that ends with ``.gz`` is unpacked
    :raises ValueError: at a line that is not UTF-8, or a damaged gzip; the message names file and line
    """
    number = 0
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, _decoded(line, path, number).rstrip("\r\n")
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}:{number + 1}: the gzip file is damaged: {error}") from error


def _decoded(line: bytes, path: str, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        around = line[max(error.start - 20, 0) : error.end + 20]
        raise ValueError(
            f"{path}:{number}: not UTF-8: byte {line[error.start]:#04x} at position {error.start} of the line, in "
            f"{around!r}. Convert the file: iconv -f ENCODING -t UTF-8"
        ) from error


def keyed_lines(path: str) -> Iterator[tuple[int, str, str]]:
    """
    Lines ``KEY REST``, as Kaldi has them: number, key, rest without spaces around it. Empty lines are left out.

    :raises ValueError: if a key stands twice; the message names file and lines
    """
    first: dict[str, int] = {}
    for number, line in numbered_lines(path):
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        if not key:
            continue
        if key in first:
            raise ValueError(f"{path}:{number}: {key!r} stands there twice, first in line {first[key]}")
        first[key] = number
        yield number, key, rest.strip()
