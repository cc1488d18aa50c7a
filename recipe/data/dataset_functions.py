"""
Functions that datasets of RETURNN call, as they stand in its configs: features, other speeds, orders of an epoch.

Their texts are written into each config that uses them, so that it runs in RETURNN by itself. RETURNN (1.20261022,
``Pickler`` in util/task_system.py) gives functions of a config to its worker processes without the defaults of
keyword-only arguments: so none of these may be left out in a call.
Test: tests/jobs/corpus/test_training.py
"""

from __future__ import annotations

import functools
import heapq
import inspect
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from recipe.nn.plain.python_source import CodeWithDefinitions, PythonSource

from .log_mel import log_mel, normalised, stacked_frames
from .speed import at_speed

_IMPORTS = ("import fractions", "import functools", "import heapq", "import numpy", "import zlib")


def log_mel_features(
    audio: numpy.ndarray,
    sample_rate: int,
    num_feature_filters: int,
    stack: int = 1,
    normalise: bool = True,
    **_other: Any,
) -> numpy.ndarray:
    """Log-mel features of a recording, as RETURNN's ExtractAudioFeatures wants them: [frames, num_feature_filters]."""
    features = log_mel(audio, sample_rate, num_mel=num_feature_filters // stack)
    return stacked_frames(normalised(features) if normalise else features, stack)


def at_random_speed(
    audio: numpy.ndarray,
    sample_rate: int,
    random_state: numpy.random.RandomState,
    speeds: Sequence[float] = (0.9, 1.0, 1.1),
) -> numpy.ndarray:
    """A recording at one of several speeds, drawn anew in each epoch."""
    return at_speed(audio, speeds[random_state.randint(len(speeds))])


def sorted_first(epoch: int, num_epochs: int, then: str, **_other: Any) -> str:
    """An order for each epoch: by length in the first ones, short sequences first."""
    return "sorted" if (epoch or 1) <= num_epochs else then


def space_as_label(text: str) -> str:
    """A text whose characters are labels."""
    return text.replace(" ", "\u2581")


def dataset_of_blocks(files: Sequence[tuple[str, str]], labels: Mapping[str, Any]) -> dict[str, Any]:
    """
    The text of some blocks, for RETURNN's DistributeFilesDataset.

    :param files: of each block its text, and the model of the subwords
    :param labels: how labels are made of text, without the model
    """
    return {
        "class": "LmDataset",
        "corpus_file": [text for text, _ in files],
        "orth_vocab": {**labels, "model_file": files[0][1]},
        "seq_ordering": "random",
        "dtype": "int32",
    }


def dataset_of_blocks_with_dropout(
    files: Sequence[tuple[str, str]], labels: Mapping[str, Any], dropout: float
) -> dict[str, Any]:
    """As :func:`dataset_of_blocks`, with BPE dropout."""
    function = functools.partial(other_pieces, dropout=dropout, streams=("data",))
    return {"class": "PostprocessingDataset", "dataset": dataset_of_blocks(files, labels), "map_seq": function}


def pieces_with_dropout(pieces: Sequence[str], index: Mapping[str, int], dropout: float, random: Any) -> list[int]:
    """
    The labels of a text by BPE some of whose merges are left out, as SentencePiece does it.

    :param pieces: of the text; merged again from their characters, but for those as ``<unk>``
    :param index: labels by piece: what is merged first has the lower one
    :param dropout: the probability that a merge is left out
    """
    symbols = [one for piece in pieces for one in ([piece] if piece[:1] == "<" and piece[-1:] == ">" else piece)]
    is_text = [len(symbol) == 1 for symbol in symbols]
    after = [*range(1, len(symbols)), -1]  # the next symbol that is left
    before = [-1, *range(len(symbols) - 1)]
    waiting: list[tuple[int, int, str, str]] = []

    def add(left: int, right: int) -> None:
        if left >= 0 and right >= 0 and is_text[left] and is_text[right]:
            merged = index.get(symbols[left] + symbols[right])
            if merged is not None:
                heapq.heappush(waiting, (merged, left, symbols[left], symbols[right]))

    for left in range(len(symbols) - 1):
        add(left, left + 1)
    while waiting:
        _, left, first, second = heapq.heappop(waiting)
        right = after[left]
        if symbols[left] != first or right < 0 or symbols[right] != second or random.random_sample() < dropout:
            continue  # one of both was merged with another, or this merge is left out
        symbols[left], symbols[right] = first + second, ""
        after[left] = after[right]
        if after[left] >= 0:
            before[after[left]] = left
        add(before[left], left)
        add(left, after[left])
    return [index[symbol] for symbol in symbols if symbol]


def other_pieces(sequence: Any, epoch: int, dropout: float, streams: Sequence[str], **_other: Any) -> Any:
    """Other pieces of the same text, drawn by epoch and sequence, for RETURNN's PostprocessingDataset."""
    tag = str(sequence.data["seq_tag"].raw_tensor)
    for stream in streams:
        tensor = sequence.data[stream]
        labels = tensor.sparse_dim.vocab.labels
        random = numpy.random.RandomState(zlib.crc32(f"{epoch} {stream} {tag}".encode()))
        index = {label: number for number, label in enumerate(labels)}
        pieces = pieces_with_dropout([labels[one] for one in tensor.raw_tensor], index, dropout, random)
        tensor.raw_tensor = numpy.array(pieces, tensor.dtype)
    return sequence


def function_code(function: Callable[..., Any], version: int, **arguments: Any) -> CodeWithDefinitions:
    """
    A function of this module as an option.

    :param function: which
    :param version: to be raised with each change of what it computes
    :param arguments: that it is always called with
    """
    needed = {
        log_mel_features: (log_mel, normalised, stacked_frames),
        at_random_speed: (at_speed,),
        sorted_first: (),
        space_as_label: (),
        dataset_of_blocks: (),
        other_pieces: (pieces_with_dropout,),
        dataset_of_blocks_with_dropout: (pieces_with_dropout, other_pieces, dataset_of_blocks),
    }[function]
    values = "".join(f", {name}={PythonSource().value(value)}" for name, value in arguments.items())
    code = f"functools.partial({function.__name__}{values})" if arguments else function.__name__
    texts = [inspect.getsource(one) for one in (*needed, function)]
    used = [line for line in _IMPORTS if any(f"{line.split()[1]}." in text for text in (code, *texts))]
    return CodeWithDefinitions(code, (*used, *texts), version=version)
