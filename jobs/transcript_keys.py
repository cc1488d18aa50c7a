"""Which sequences a transcript is of, and whether two are of the same ones."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

_KINDS = {(".trn", ".trn"): ("trn", "trn"), (".stm", ".ctm"): ("stm", "ctm")}


def check_keys(ref: str, hyp: str) -> tuple[str, str]:
    """
    Checks that a reference and a hypothesis file are of the same sequences.

    A recording may be missing from a CTM file, which has no line for one without words; all else must match.

    :return: the kinds of the files as sclite names them
    :raises ValueError: if they do not match, or are no such pair of files; the message names file, line and sequence
    """
    endings = (os.path.splitext(ref)[1], os.path.splitext(hyp)[1])
    if endings not in _KINDS:
        raise ValueError(
            f"sclite scores .trn against .trn, or .stm (reference) against .ctm; these are {ref} and {hyp}"
        )
    kinds = _KINDS[endings]
    read = {
        "trn": trn_keys,
        "stm": lambda path: time_marked_keys(path, 6),
        "ctm": lambda path: time_marked_keys(path, 5),
    }
    right, found = read[kinds[0]](ref), read[kinds[1]](hyp)
    if not right:
        raise ValueError(f"{ref} has no reference")
    if kinds == ("stm", "ctm") and not found:
        raise ValueError(f"{hyp} has no word")
    _must_be_in(found, right, hyp, ref)
    if kinds[1] == "trn":
        _must_be_in(right, found, ref, hyp)
    return kinds


def trn_keys(path: str) -> dict[str, int]:
    """
    The utterance ids of a TRN file with their lines.

    :raises ValueError: at a line without id, or an id that stands twice
    """
    keys: dict[str, int] = {}
    for number, line in _lines(path):
        match = re.fullmatch(r".*\(([^()\s]+)\)\s*", line)
        if match is None:
            raise ValueError(f"{path}:{number}: no (utterance-id) at the end of {line.rstrip()[:200]!r}")
        if match[1] in keys:
            raise ValueError(f"{path}:{number}: {match[1]} stands there twice, first in line {keys[match[1]]}")
        keys[match[1]] = number
    return keys


def time_marked_keys(path: str, fields: int) -> dict[str, int]:
    """
    The recordings with channel of an STM or CTM file with their first lines; sclite wants each of them in one piece,
    and the lines of each in the order of time.

    :param fields: that a line must have at least: 5 in CTM, 5 and words in STM
    :raises ValueError: at a line with fewer fields, without times, or out of order
    """
    keys: dict[str, int] = {}
    last, time = "", 0.0
    for number, line in _lines(path):
        parts = line.split()
        start = parts[2 if fields == 5 else 3] if len(parts) >= 5 else ""
        if re.fullmatch(r"\d+(\.\d*)?|\.\d+", start) is None:
            raise ValueError(
                f"{path}:{number}: expected recording, channel, times, words, found {line.rstrip()[:200]!r}"
            )
        key = " ".join(parts[:2])
        if key != last and key in keys:
            raise ValueError(f"{path}:{number}: the lines of {key!r} do not stand together: sort the file")
        if key == last and float(start) < time:
            raise ValueError(f"{path}:{number}: {start} s comes after {time} s in {key!r}: sort the file")
        keys.setdefault(key, number)
        last, time = key, float(start)
    return keys


def _lines(path: str) -> Iterable[tuple[int, str]]:
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if line.strip() and not line.startswith(";;"):
                yield number, line


def _must_be_in(keys: dict[str, int], others: dict[str, int], path: str, other: str) -> None:
    missing = [key for key in keys if key not in others]
    if missing:
        raise ValueError(
            f"{len(missing)} of {len(keys)} sequences of {path} are not in {other}, the first one in line "
            f"{keys[missing[0]]}: {missing[0]!r}"
        )
