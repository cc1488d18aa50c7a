"""Sequences of a dataset as text: shapes, lengths as a histogram, examples with their labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy

from recipe.data.subwords import WORD_START, words_of

from .sample import Sample, Stream

_BINS = 10
_WIDTH = 40
_MOST_LABELS = 60


def sample_lines(sample: Sample, labels: Mapping[str, Sequence[str]], recordings: Mapping[str, str]) -> Iterator[str]:
    """
    What a dataset gives.

    :param labels: by key, names of labels that the network knows, where the dataset has none
    :param recordings: audio files by tag
    """
    some = "" if sample.is_all else "the first "
    yield f"  {some}{sample.num_read} {'sequence' if sample.num_read == 1 else 'sequences'}"
    streams = [stream for stream in sample.streams if not _is_bytes_of_text(stream, sample)]
    for stream in streams:
        yield f"  {stream.key}: {stream_text(stream)}"
        if len(set(stream.lengths)) > 1:
            yield from (f"    {line}" for line in histogram(stream.lengths))
    for number, tag in enumerate(sample.tags):
        recording = recordings.get(tag)
        yield f"  {tag}{f'  {recording}' if recording else ''}"
        for stream in streams:
            names = stream.labels or labels.get(stream.key)
            yield f"    {stream.key} {example_text(stream.arrays[number], stream.is_sparse, names)}"


def _is_bytes_of_text(stream: Stream, sample: Sample) -> bool:
    """Whether it is OggZipDataset's ``orth``: the bytes of what ``raw`` has as text."""
    return stream.key == "orth" and any(_is_text(other) for other in sample.streams)


def _is_text(stream: Stream) -> bool:
    return any(array.dtype.kind in "US" for array in stream.arrays)


def stream_text(stream: Stream) -> str:
    """Its axes, what they hold, and how long it is."""
    axes = ["time"] if stream.lengths else []
    if _is_text(stream):
        what = "text"
    elif stream.is_sparse:
        what = f"[{', '.join(axes)}] of {stream.size} labels"
    else:
        dims = stream.arrays[0].shape[len(axes) :] if stream.arrays else ()
        kind = stream.arrays[0].dtype if stream.arrays else "numbers"
        what = f"[{', '.join([*axes, *map(str, dims)])}] {kind}"
    if not stream.lengths:
        return what
    mean = sum(stream.lengths) / len(stream.lengths)
    return f"{what}, length {min(stream.lengths)} to {max(stream.lengths)}, on average {mean:.1f}"


def histogram(lengths: Sequence[int]) -> Iterator[str]:
    """How many sequences have which lengths, as bars."""
    first, last = min(lengths), max(lengths)
    step = -(-(last - first + 1) // _BINS)
    starts = list(range(first, last + 1, step))
    counts = [sum(start <= length < start + step for length in lengths) for start in starts]
    names = [str(start) if step == 1 else f"{start} to {start + step - 1}" for start in starts]
    for name, count in zip(names, counts):
        bar = "#" * (-(-count * _WIDTH // max(counts)))
        yield f"{name:>{max(map(len, names))}} {bar} {count}" if count else f"{name:>{max(map(len, names))}}"


def example_text(array: numpy.ndarray, is_sparse: bool, labels: Sequence[str] | None) -> str:
    """One sequence: its shape, and its labels or what its numbers are like."""
    shape = f"[{', '.join(map(str, array.shape))}]"
    if not array.size:
        return f"{shape} empty"
    if array.dtype.kind in "US":
        return " ".join(map(str, array.reshape(-1)))
    if not is_sparse:
        return f"{shape} mean {array.mean():.3g}, deviation {array.std():.3g}, {array.min():.3g} to {array.max():.3g}"
    flat = [int(one) for one in array.reshape(-1)]
    names = [labels[one] if labels and 0 <= one < len(labels) else str(one) for one in flat[:_MOST_LABELS]]
    words = f"   ({' '.join(words_of(names))})" if any(name.startswith(WORD_START) for name in names) else ""
    return f"{shape} {' '.join(names)}{' ...' if len(flat) > _MOST_LABELS else ''}{words}"
