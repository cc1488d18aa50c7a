"""Data directories of Kaldi: ``wav.scp``, ``text``, and ``segments`` and ``utt2spk`` where they are."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable
from typing import NamedTuple

from .corpus import Corpus, Segment
from .matching import check_matching
from .text_lines import keyed_lines

_ADVICE = ". utils/fix_data_dir.sh of Kaldi takes out what is not complete"


class Cut(NamedTuple):
    """A line of ``segments``; the end is None for a whole recording."""

    recording: str
    start: float = 0.0
    end: float | None = None


def read_kaldi(directory: str, *, run_pipe: Callable[[str, str], str] | None = None) -> Corpus:
    """
    A data directory.

    Of commands in ``wav.scp``, ``flac -c -d FILE |``, ``cat FILE |`` and ``sox FILE -t wav - |`` are read as the file
    itself; others only as ``run_pipe`` says. Paths that are not absolute are relative to the directory that Kaldi ran
    in, so to the current one, or, if they are not there, to the data directory.

    :param run_pipe: called with a recording's name and a command; gives the file with what the command printed
    :raises ValueError: at a malformed line, a command that would have to be run, a transcript without audio and the
        reverse, a speaker that is not there
    :raises FileNotFoundError: without ``wav.scp`` or ``text``
    """
    recordings = _read_recordings(directory, run_pipe)
    listed = os.path.join(directory, "text")
    texts = {name: " ".join(text.split()) for _, name, text in keyed_lines(listed)}
    cuts = _read_segments(os.path.join(directory, "segments"), recordings)
    if cuts is None:
        cuts = {name: Cut(name) for name in recordings}
    check_matching(texts, cuts, listed, advice=_ADVICE)
    recorded = {cut.recording for cut in cuts.values()}
    check_matching(recorded, recordings, os.path.join(directory, "segments"), advice=_ADVICE)
    speakers = _read_speakers(os.path.join(directory, "utt2spk"), cuts)
    if not texts:
        raise ValueError(f"{listed}: this corpus is empty")
    return Corpus(
        tuple(
            Segment(name, recordings[cut.recording], texts[name], speakers[name], cut.start, cut.end)
            for name, cut in sorted(cuts.items())
        )
    )


def _read_recordings(directory: str, run_pipe: Callable[[str, str], str] | None) -> dict[str, str]:
    listed = os.path.join(directory, "wav.scp")
    found = {}
    for number, name, source in keyed_lines(listed):
        place = f"{listed}:{number}"
        if not source:
            raise ValueError(f"{place}: {name} has no file")
        if source.endswith("|"):
            file = _file_of(source)
            if file is None and run_pipe is None:
                raise ValueError(
                    f"{place}: {name} is the output of a command, which is not run unless that is asked for "
                    f"(run_pipes=True): {source[:120]}"
                )
            if file is None and run_pipe is not None:
                found[name] = run_pipe(name, source[:-1].strip())
                continue
        else:
            file = source
        if file is not None and re.search(r"\.ark:\d+$", file):
            raise ValueError(f"{place}: {name} is in an archive of Kaldi, which is not read: {file}")
        found[name] = _located(str(file), directory, place)
    return found


def _file_of(command: str) -> str | None:
    """The file that a command decodes as it is, where the command is one of the usual ones."""
    try:
        words = shlex.split(command.rstrip("| "))
    except ValueError:
        return None
    files = [word for word in words[1:] if not word.startswith("-")]
    options = {word for word in words[1:] if word.startswith("-")}
    if words[0].endswith("flac") and len(files) == 1 and options <= {"-c", "-d", "-s", "-cd", "-cds", "-dc", "-dcs"}:
        return files[0] if any("d" in option for option in options) else None
    if words[0] == "cat" and len(files) == 1 and not options:
        return files[0]
    if words[0].endswith("sox") and words[2:] == ["-t", "wav", "-"]:
        return words[1]
    return None


def _located(file: str, directory: str, place: str) -> str:
    for path in (file, os.path.join(directory, file)):
        if os.path.exists(path):
            return os.path.abspath(path)
    raise ValueError(f"{place}: the file is not there: {file}")


def _read_segments(path: str, recordings: dict[str, str]) -> dict[str, Cut] | None:
    """The lines ``NAME RECORDING START END``; None if there is no such file."""
    if not os.path.exists(path):
        return None
    cuts = {}
    for number, name, rest in keyed_lines(path):
        try:
            recording, start, end = rest.split()[:3]
            cuts[name] = Cut(recording, float(start), None if float(end) < 0 else float(end))
        except ValueError as error:
            raise ValueError(f"{path}:{number}: no line NAME RECORDING START END: {name} {rest[:80]}") from error
        cut = cuts[name]
        if cut.recording not in recordings:
            raise ValueError(f"{path}:{number}: wav.scp has no recording {cut.recording!r}")
        if cut.start < 0 or (cut.end is not None and cut.end <= cut.start):
            raise ValueError(f"{path}:{number}: from {cut.start} to {cut.end} seconds is no time")
    return cuts


def _read_speakers(path: str, names: dict[str, Cut]) -> dict[str, str]:
    """The speaker of each; without the file, each has one of its own, as Kaldi has it."""
    if not os.path.exists(path):
        return {name: name for name in names}
    speakers = {}
    for number, name, speaker in keyed_lines(path):
        if not speaker or " " in speaker:
            raise ValueError(f"{path}:{number}: no line NAME SPEAKER: {name} {speaker[:80]}")
        speakers[name] = speaker
    missing = sorted(set(names) - set(speakers))
    if missing:
        raise ValueError(f"{path}: no speaker of {', '.join(missing[:10])}")
    return speakers
