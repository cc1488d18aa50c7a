"""What may be wrong with segments: sound that cannot be read, text that is empty or has other characters, lengths."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from .corpus import Corpus, Segment


class Problem(NamedTuple):
    """
    :ivar corpus: which of the corpora that are checked, from 1
    :ivar segment: name of the segment
    :ivar kind: one of :data:`KINDS`
    :ivar what: in words, with file and values
    """

    corpus: int
    segment: str
    kind: str
    what: str


KINDS = (
    "broken audio",
    "sampling rate",
    "silence",
    "too short",
    "too long",
    "empty text",
    "too much text",
    "characters",
    "same name",
    "same sound",
)


class Limits(NamedTuple):
    """
    What is allowed.

    :ivar alphabet: characters of texts, with the space; None: all
    :ivar min_seconds: of a segment
    :ivar max_seconds: of a segment; None: any
    :ivar max_characters: of a text; None: any
    :ivar max_characters_per_second: more are not spoken, and CTC has no frames for them; None: any
    """

    alphabet: frozenset[str] | None = None
    min_seconds: float = 0.0
    max_seconds: float | None = None
    max_characters: int | None = None
    max_characters_per_second: float | None = None


class Checked(NamedTuple):
    """
    A segment that was looked at.

    :ivar problems: all that is wrong with it
    :ivar rate: its samples per second; None where its sound cannot be read
    """

    problems: list[Problem]
    rate: int | None


def check_segment(item: tuple[int, Segment], limits: Limits) -> Checked:
    """
    All that is wrong with a segment; its sound is decoded to the last sample.

    :param item: the number of its corpus, and the segment
    """
    from .audio import read_segment

    corpus, segment = item
    wrong, rate = list(_wrong_text(segment, limits)), None
    try:
        samples, rate = read_segment(segment)
        wrong += _wrong_sound(segment, samples, rate, limits)
    except ValueError as error:
        wrong.append(("broken audio", str(error)))
    return Checked([Problem(corpus, segment.name, kind, what) for kind, what in wrong], rate)


def _wrong_sound(segment: Segment, samples: Any, rate: int, limits: Limits) -> Iterator[tuple[str, str]]:
    seconds = len(samples) / rate
    if not samples.any():
        yield "silence", f"{segment.audio}: all samples are 0"
    if seconds < limits.min_seconds:
        yield "too short", f"{segment.audio}: {seconds:.2f} s, at least {limits.min_seconds:g} are wanted"
    if limits.max_seconds is not None and seconds > limits.max_seconds:
        yield "too long", f"{segment.audio}: {seconds:.2f} s, at most {limits.max_seconds:g} are wanted"
    most = limits.max_characters_per_second
    if most is not None and len(segment.text) > most * seconds:
        yield "too much text", f"{segment.audio}: {len(segment.text)} characters in {seconds:.2f} s"


def _wrong_text(segment: Segment, limits: Limits) -> Iterator[tuple[str, str]]:
    if not segment.text.strip():
        yield "empty text", f"{segment.audio} has no transcript"
    if limits.max_characters is not None and len(segment.text) > limits.max_characters:
        yield "too much text", f"{len(segment.text)} characters, at most {limits.max_characters} are wanted"
    other = sorted(set(segment.text) - limits.alphabet) if limits.alphabet is not None else []
    if other:
        yield "characters", f"{' '.join(map(repr, other))} not in the alphabet: {segment.text[:100]}"


def check_rates(segments: Sequence[tuple[int, Segment]], rates: Sequence[int | None]) -> list[Problem]:
    """
    Segments with another sampling rate than most: mel bands of both go to other frequencies, and nothing tells.

    :param segments: of all corpora, with their numbers
    :param rates: of each, None where it is not known
    """
    counts = collections.Counter(rate for rate in rates if rate is not None)
    if len(counts) < 2:
        return []
    usual = max(counts, key=lambda rate: (counts[rate], rate))
    return [
        Problem(
            number,
            segment.name,
            "sampling rate",
            f"{segment.audio}: {rate} Hz, but most have {usual} Hz, and features of both are not alike "
            f"(sox IN -r {usual} OUT)",
        )
        for (number, segment), rate in zip(segments, rates)
        if rate not in (None, usual)
    ]


def check_together(corpora: Sequence[Corpus]) -> list[Problem]:
    """Segments that have the name or the sound of one of an earlier corpus, as where test data is in training."""
    problems = []
    names: dict[str, int] = {}
    sounds: dict[tuple[str, float, float | None], str] = {}
    for number, corpus in enumerate(corpora, 1):
        for segment in corpus:
            if segment.name in names:
                what = f"as in corpus {names[segment.name]} of those that are checked"
                problems.append(Problem(number, segment.name, "same name", what))
            names.setdefault(segment.name, number)
            sound = (segment.audio, segment.start, segment.end)
            if sound in sounds and sounds[sound] != segment.name:
                problems.append(Problem(number, segment.name, "same sound", f"{segment.audio}, as {sounds[sound]}"))
            sounds.setdefault(sound, segment.name)
    return problems


def report_text(problems: Sequence[Problem], num_segments: int) -> str:
    """All problems, by kind."""
    bad = len({(problem.corpus, problem.segment) for problem in problems})
    lines = [f"{bad} of {num_segments} segments have problems"]
    for kind in KINDS:
        found = [problem for problem in problems if problem.kind == kind]
        lines += [f"{kind}: {len(found)}", *(f"  {one.segment}: {one.what}" for one in found)] if found else []
    return "\n".join(lines) + "\n"
