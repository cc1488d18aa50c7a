"""What a corpus is like: hours, lengths, speakers, characters, words."""

from __future__ import annotations

import collections
from collections.abc import Iterator, Sequence
from typing import Any

from .corpus import Corpus

_BINS = 12
_WIDTH = 40
_MOST = 10


def statistics(corpus: Corpus, seconds: Sequence[float]) -> dict[str, Any]:
    """
    Statistics as plain values.

    :param seconds: of each segment
    """
    characters = collections.Counter(character for segment in corpus for character in segment.text)
    words = collections.Counter(word for segment in corpus for word in segment.text.split())
    speakers: dict[str, list[float]] = collections.defaultdict(list)
    for segment, length in zip(corpus, seconds):
        speakers[segment.speaker].append(length)
    return {
        "segments": len(corpus),
        "recordings": len({segment.audio for segment in corpus}),
        "without_text": sum(not segment.text for segment in corpus),
        "hours": sum(seconds) / 3600,
        "seconds": {
            "shortest": min(seconds),
            "mean": sum(seconds) / len(seconds),
            "median": sorted(seconds)[len(seconds) // 2],
            "longest": max(seconds),
            "histogram": histogram(seconds),
        },
        "speakers": {
            name: {"segments": len(lengths), "hours": sum(lengths) / 3600} for name, lengths in sorted(speakers.items())
        },
        "words": {
            "total": sum(words.values()),
            "distinct": len(words),
            "once": sum(count == 1 for count in words.values()),
            "per_second": sum(words.values()) / sum(seconds),
            "most_frequent": dict(words.most_common(_MOST)),
        },
        "characters": dict(sorted(characters.items())),
    }


def histogram(values: Sequence[float]) -> list[tuple[float, float, int]]:
    """Bins of equal width with round borders: from, to, how many values."""
    step = _round_step((max(values) - min(values)) / _BINS)
    first = int(min(values) / step)
    counts = collections.Counter(int(value / step) for value in values)
    return [(bin_ * step, (bin_ + 1) * step, counts[bin_]) for bin_ in range(first, max(counts) + 1)]


def _round_step(step: float) -> float:
    """The next width of 1, 2 or 5 times a power of ten, not below a hundredth."""
    power = 0.01
    while True:
        for factor in (1, 2, 5):
            if factor * power >= step:
                return factor * power
        power *= 10


def statistics_text(found: dict[str, Any]) -> str:
    """Statistics for a person to read."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    seconds, words, speakers = found["seconds"], found["words"], found["speakers"]
    yield f"{found['hours']:.2f} hours, {found['segments']} segments of {found['recordings']} recordings"
    if found["without_text"]:
        yield f"{found['without_text']} segments have no text"
    yield (
        f"seconds of a segment: {seconds['shortest']:.2f} to {seconds['longest']:.2f}, on average "
        f"{seconds['mean']:.2f}, median {seconds['median']:.2f}"
    )
    most = max(count for _, _, count in seconds["histogram"])
    for start, end, count in seconds["histogram"]:
        yield f"  {start:7.2f} to {end:7.2f} {'#' * -(-count * _WIDTH // most)} {count}"
    yield f"{len(speakers)} {'speaker' if len(speakers) == 1 else 'speakers'}"
    ranked = sorted(speakers, key=lambda name: (-speakers[name]["hours"], name))
    for name in ranked[:_MOST]:
        yield f"  {name}: {speakers[name]['hours']:.2f} hours, {speakers[name]['segments']} segments"
    if len(ranked) > _MOST:
        last = ranked[-1]
        yield f"  ... the least has {speakers[last]['hours']:.3f} hours ({last})"
    yield (
        f"{words['total']} words, {words['distinct']} distinct, {words['once']} of them once; "
        f"{words['per_second']:.2f} a second"
    )
    if words["total"]:
        yield f"  {', '.join(f'{word} {count}' for word, count in words['most_frequent'].items())}"
    characters = found["characters"]
    yield f"{len(characters)} characters, {sum(characters.values())} in all"
    shown = sorted(characters, key=lambda one: (-characters[one], one))
    if shown:
        yield f"  {' '.join(f'{repr(one) if one.isspace() else one} {characters[one]}' for one in shown)}"
