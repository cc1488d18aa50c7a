"""Text files: a sentence a line, UTF-8, plain or with gzip."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import IO


def open_bytes(path: str) -> IO[bytes]:
    """The bytes of a file; of one whose name ends with ``.gz`` those that are packed in it."""
    return gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb")  # type: ignore[return-value]


def numbered_lines(path: str) -> Iterator[tuple[int, str]]:
    """
    Number and text of each line, without its end, one at a time; the first line is 1.

    :raises ValueError: at a line that is not UTF-8, or where a packed file is cut short or damaged; the message names
        file and line
    """
    number = 0
    with open_bytes(path) as file:
        try:
            for number, line in enumerate(file, 1):
                yield number, decode(line, path, number).rstrip("\r\n")
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path}:{number + 1}: the gzip file is damaged: {error}. Make it again") from error


def read_lines(path: str) -> Iterator[str]:
    """
    The lines of a text file without their ends and without spaces around them, one at a time.

    :raises ValueError: as :func:`numbered_lines`
    """
    for _, line in numbered_lines(path):
        yield line.strip()


def read_files(paths: Iterable[str]) -> Iterator[str]:
    """The lines of several text files, one after the other, as :func:`read_lines`."""
    for path in paths:
        yield from read_lines(path)


def lines_of_sequences(path: str) -> Iterator[str]:
    """
    The lines that have text, which are the sequences that RETURNN's LmDataset makes of the file.

    :raises ValueError: as :func:`read_lines`; for a line that has only spaces, which RETURNN counts as a sequence; for
        a last line without an end, which it leaves out of plain files
    """
    is_packed = path.endswith(".gz")
    with open_bytes(path) as file:
        for number, (raw, line) in enumerate(zip(file, read_lines(path)), 1):
            is_sequence = bool(raw.strip() if is_packed else raw.rstrip(b"\n"))
            if is_sequence and not line:
                raise ValueError(f"{path}:{number}: only spaces, which RETURNN takes for a sentence. {_ADVICE}")
            if not is_packed and not raw.endswith(b"\n"):
                raise ValueError(
                    f"{path}:{number}: no line end is after the last line, so RETURNN leaves it out. {_ADVICE}"
                )
            if line:
                yield line


_ADVICE = "CheckedTextJob makes a text without such lines"


def decode(line: bytes, path: str, number: int) -> str:
    """
    A line as text; a byte order mark before the first one is left out.

    :raises ValueError: if it is not UTF-8; the message names file and line
    """
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        around = line[max(error.start - 20, 0) : error.end + 20]
        raise ValueError(
            f"{path}:{number}: not UTF-8: byte {line[error.start]:#04x} at position {error.start} of the line, in "
            f"{around!r}. Convert the file: iconv -f ENCODING -t UTF-8"
        ) from error
