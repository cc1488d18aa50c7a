"""What may be wrong with segments: sound that cannot be read, text that is empty or has other characters, lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

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


def check_segment(item: tuple[int, Segment], limits: Limits) -> list[Problem]:
    """
    All that is wrong with a segment; its sound is decoded to the last sample.

    :param item: the number of its corpus, and the segment
    """
    corpus, segment = item
    return [Problem(corpus, segment.name, kind, what) for kind, what in _wrong(segment, limits)]


def _wrong(segment: Segment, limits: Limits) -> Iterator[tuple[str, str]]:
    from .audio import read_segment

    yield from _wrong_text(segment, limits)
    try:
        samples, rate = read_segment(segment)
    except ValueError as error:
        yield "broken audio", str(error)
        return
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
