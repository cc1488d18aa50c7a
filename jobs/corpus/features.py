"""The job that computes features of a corpus once, for trainings that read them many times."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from sisyphus import Task, tk

from recipe.data.characters import alphabet_labels, character_labels
from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.corpus.feature_hdf import FeatureSequence, write_feature_sequences
from recipe.data.corpus.in_order import in_order

from ..atomic_file import replacing
from ..subwords.training import labels_of_model, processor_of
from ..unhashed import JobWithUnhashedArguments
from .check import naming_the_check


class CorpusFeaturesJob(JobWithUnhashedArguments):
    """
    Log-mel features of a corpus as an HDF file for RETURNN's HDFDataset: ``data``, and ``classes`` if labels are given.
    One recording at a time and process is in memory.

    :param corpus: as the reading jobs give it
    :param num_mel: mel bands per frame of 10 ms
    :param stack: how many frames become one
    :param normalise: each feature with mean 0 and deviation 1 over the segment
    :param characters: labels of ``classes``, in the order of their indices: each character of a text is one, a space
        as in :mod:`recipe.data.characters`
    :param sentence_pieces: a model of SentencePiece that makes ``classes`` of texts, in place of characters
    :param end_label: whether each text ends with the label of its end, of such a model: for decoders, not for CTC
    :param cpu_rqmt: processes that compute; not hashed
    :param time_rqmt: hours; not hashed
    """

    unhashed = ("cpu_rqmt", "time_rqmt")
    __sis_hash_exclude__ = {"end_label": False}

    end_label: bool = False  # of jobs that an earlier version saved

    def __init__(
        self,
        corpus: tk.Path,
        *,
        num_mel: int = 80,
        stack: int = 1,
        normalise: bool = True,
        characters: Sequence[str] | None = None,
        sentence_pieces: tk.Path | None = None,
        end_label: bool = False,
        cpu_rqmt: int = 2,
        time_rqmt: float = 4,
    ):
        if characters is not None and sentence_pieces is not None:
            raise ValueError("classes are characters or pieces: give one of characters=... and sentence_pieces=...")
        if characters is not None:
            alphabet_labels(characters)
        if end_label and sentence_pieces is None:
            raise ValueError("end_label=True is of sentence_pieces=...; characters have none")
        self.corpus = corpus
        self.num_mel = num_mel
        self.stack = stack
        self.normalise = normalise
        self.characters = characters
        self.sentence_pieces = sentence_pieces
        self.end_label = end_label

        self.out_hdf = self.output_path("features.hdf")
        self.out_num_seqs = self.output_var("num_seqs")
        self.out_num_frames = self.output_var("num_frames")

        self.rqmt = {"cpu": cpu_rqmt, "mem": 2 + cpu_rqmt * 0.5, "time": time_rqmt, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes the file.

        :raises ValueError: at a recording that cannot be read, a segment that is too short for a frame, or a text with
            other characters; the message names the segment
        """
        from recipe.data import log_mel  # noqa: F401 - before other processes are forked

        corpus = Corpus.read(self.corpus.get_path())
        labels, encoded = self._targets(corpus)
        make = functools.partial(_features, num_mel=self.num_mel, stack=self.stack, normalise=self.normalise)
        features = naming_the_check(in_order(make, corpus, int(self.rqmt["cpu"])))
        sequences = (
            FeatureSequence(segment.name, one, {"classes": targets} if labels else {})
            for segment, one, targets in zip(corpus, features, encoded)
        )
        with replacing(self.out_hdf) as part:
            streams = {"classes": labels} if labels else {}
            self.out_num_frames.set(write_feature_sequences(part, sequences, self.num_mel * self.stack, streams))
        self.out_num_seqs.set(len(corpus))

    def _targets(self, corpus: Corpus) -> tuple[list[str], list[list[int]]]:
        """The names of labels, and the labels of each segment."""
        if self.sentence_pieces is not None:
            path = self.sentence_pieces.get_path()
            model = processor_of(path)
            if self.end_label and model.eos_id() < 0:
                raise ValueError(f"{path} has no label for the end of a sentence: give end_label=False")
            end = [model.eos_id()] if self.end_label else []
            return labels_of_model(path), [model.encode(segment.text) + end for segment in corpus]
        if self.characters is None:
            return [], [[] for _ in corpus]
        index = {label: number for number, label in enumerate(alphabet_labels(self.characters))}
        texts = {segment.name: character_labels(segment.text) for segment in corpus}
        for name, text in texts.items():
            other = sorted(set(text) - set(index))
            if other:
                raise ValueError(
                    f"segment {name}: no label for {' '.join(map(repr, other))}: {''.join(text)}. Give more "
                    "characters, or leave such segments out by CheckCorpusJob(..., alphabet=..., leave_out=True)"
                )
        return list(index), [[index[label] for label in text] for text in texts.values()]


def _features(segment: Segment, num_mel: int, stack: int, normalise: bool) -> Any:
    from recipe.data.corpus.audio import read_segment
    from recipe.data.log_mel import log_mel, normalised, stacked_frames

    samples, rate = read_segment(segment)
    if len(samples) < rate * _SHORTEST * stack:
        raise ValueError(
            f"{segment.audio}: segment {segment.name} has {len(samples) / rate:g} s, too short for a frame"
        )
    features = log_mel(samples, rate, num_mel=num_mel)
    return stacked_frames(normalised(features) if normalise else features, stack)


_SHORTEST = 0.01
"""Seconds of a frame."""
