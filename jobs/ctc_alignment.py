"""The job that aligns labels to frames with the probabilities of a CTC model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
from sisyphus import Job, Task, tk

from recipe import nn
from recipe.data.dataset import label_dataset
from recipe.data.hdf import LabelStream, read_sequences, write_label_hdf
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.ctc_posteriors import CtcPosteriors
from recipe.models.topology import CTC, Topology

from .atomic_file import write_json
from .checkpoint import Checkpoint
from .forward import ForwardJob


class CtcAlignmentJob(Job):
    """
    For each sequence the most probable alignment of its labels (Viterbi), as data to train a transducer on.

    - ``out_hdf``: the alignments as the stream ``data``, labels and blanks in the topology asked for
    - ``out_report``: how many sequences and frames, the mean log-probability of a frame, and which were left out

    :param log_posteriors: HDF file of :class:`jobs.forward.ForwardJob`: log-probabilities [frames, labels + 1], the
        blank last, as of :class:`recipe.models.ctc_posteriors.CtcPosteriors`
    :param references: HDF file with the labels of the same sequences as its stream ``classes``
    :param labels: the names of all labels, in the order of their indices, without the blank
    :param blank: its name
    :param topology: of the alignments that are written
    :param label_at: which one of the frames that CTC gives to a label has it in another topology: "first" or "last"
    :param skip_too_long: whether sequences with more labels than their frames hold are left out; else they are errors
    """

    def __init__(
        self,
        log_posteriors: tk.Path,
        references: tk.Path,
        *,
        labels: Sequence[str],
        blank: str,
        topology: Topology = CTC,
        label_at: str = "last",
        skip_too_long: bool = False,
    ):
        topology.from_ctc([], blank, label_at=label_at)  # which checks label_at
        self.log_posteriors = log_posteriors
        self.references = references
        self.labels = labels
        self.blank = blank
        self.topology = topology
        self.label_at = label_at
        self.skip_too_long = skip_too_long

        self.out_hdf = self.output_path("alignments.hdf")
        self.out_report = self.output_path("report.json")

        self.rqmt = {"cpu": 1, "mem": 2, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Aligns all sequences.

        :raises ValueError: if a sequence stands in one of the files only or does not fit into its frames, or there are
            no log-probabilities of these labels and a blank; the message names file and sequence
        """
        path = self.log_posteriors.get_path()
        references = dict(read_sequences(self.references.get_path(), "classes"))
        alignments: dict[str, list[int]] = {}
        skipped, log_prob, num_frames = [], 0.0, 0
        for tag, log_probs in read_sequences(path):
            if tag not in references:
                raise ValueError(f"{path} has the sequence {tag!r}, but {self.references.get_path()} has not")
            check_log_probs(path, tag, log_probs, self.labels)
            labels = list(map(int, references[tag]))
            if not fits(labels, len(log_probs)) and self.skip_too_long:
                skipped.append(tag)
                continue
            try:
                alignment, score = viterbi(log_probs, labels)
            except ValueError as error:
                raise ValueError(f"{path}: {tag!r} cannot be aligned: {error}") from error
            alignments[tag] = self.topology.from_ctc(alignment, len(self.labels), label_at=self.label_at)
            log_prob, num_frames = log_prob + score, num_frames + len(log_probs)
        missing = [tag for tag in references if tag not in alignments and tag not in set(skipped)]
        if missing or not alignments:
            raise ValueError(f"{path} lacks {len(missing)} sequences of the references, as {missing[:1]}")
        self._write([tag for tag in references if tag in alignments], alignments)
        report = {"sequences": len(alignments), "frames": num_frames, "mean_log_prob": log_prob / max(1, num_frames)}
        write_json(self.out_report, {**report, "skipped": skipped})

    def _write(self, tags: list[str], alignments: dict[str, list[int]]) -> None:
        part = self.out_hdf.get_path() + ".part"
        stream = LabelStream([alignments[tag] for tag in tags], [*self.labels, self.blank])
        write_label_hdf(part, tags, stream, {})
        os.replace(part, self.out_hdf.get_path())


def ctc_log_posteriors(
    model: CtcModel,
    model_checkpoint: Checkpoint,
    data: tk.Path,
    *,
    engine: str | None = None,
    config: dict[str, Any] | None = None,
    post_config: dict[str, Any] | None = None,
) -> tk.Path:
    """
    For the graph: an HDF file with the log-probabilities that a trained model gives to the labels in each frame.

    :param model: what was trained
    :param model_checkpoint: its parameters
    :param data: HDF file with the inputs as ``data``
    :param engine: "tensorflow" or "torch"; default: that of the checkpoint. Not hashed
    :param config: hashed RETURNN options of the :class:`jobs.forward.ForwardJob`
    :param post_config: those that do not change the result
    """
    network, dataset = nn.Network(CtcPosteriors(model)), label_dataset(data, seq_ordering="sorted")
    forward = ForwardJob(network, model_checkpoint, dataset, engine=engine, config=config, post_config=post_config)
    (posteriors,) = forward.out_hdf_files.values()
    return posteriors


def align_with_ctc(
    model: CtcModel,
    model_checkpoint: Checkpoint,
    data: tk.Path,
    *,
    topology: Topology,
    engine: str | None = None,
    config: dict[str, Any] | None = None,
    post_config: dict[str, Any] | None = None,
    **kwargs: Any,
) -> CtcAlignmentJob:
    """
    For the graph: the labels of all sequences of a file, aligned with a trained model.

    :param data: HDF file with the inputs as ``data`` and the labels as ``classes``
    :param kwargs: further arguments of the :class:`CtcAlignmentJob`

    For the other parameters see :func:`ctc_log_posteriors`.
    """
    assert model.target.sparse_dim is not None
    posteriors = ctc_log_posteriors(
        model, model_checkpoint, data, engine=engine, config=config, post_config=post_config
    )
    labels = model.target.sparse_dim.labels or ()
    return CtcAlignmentJob(posteriors, data, labels=labels, blank=BLANK, topology=topology, **kwargs)


def viterbi(log_probs: numpy.ndarray, labels: Sequence[int]) -> tuple[list[int], float]:
    """
    The most probable one of all alignments of CTC that stand for the labels, and its log-probability.

    :param log_probs: [frames, labels + 1], the blank last
    :param labels: [positions]
    :return: a label or blank for each frame; where several are best, one whose labels come early
    :raises ValueError: if there is none, or all have the probability 0
    """
    num_frames, blank = log_probs.shape[0], log_probs.shape[1] - 1
    if any(not 0 <= label < blank for label in labels):
        raise ValueError(f"its labels are not all from 0 to {blank - 1}: {list(labels)}")
    if not fits(labels, num_frames):
        raise ValueError(
            f"it has {num_frames} frames, but {len(labels)} labels, which take {frames_needed(labels)} frames with "
            "the blanks between equal ones"
        )
    if not num_frames:
        return [], 0.0
    states = numpy.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    may_skip: numpy.ndarray = numpy.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != blank) & (states[2:] != states[:-2])
    scores: numpy.ndarray = log_probs[:, states].astype("float64")
    best = numpy.full(len(states), -numpy.inf)
    best[:2] = scores[0, :2]
    came_from = numpy.zeros((num_frames, len(states)), "int64")
    every, before = numpy.arange(len(states)), numpy.full((3, len(states)), -numpy.inf)
    for frame in range(1, num_frames):
        before[0], before[1, 1:], before[2, 2:] = best, best[:-1], best[:-2]
        before[2, ~may_skip] = -numpy.inf
        came_from[frame] = before.argmax(axis=0)
        best = before[came_from[frame], every] + scores[frame]
    state = len(states) - 1 - int(best[-2:][::-1].argmax())
    if not numpy.isfinite(best[state]):
        raise ValueError(f"the probability of each of its alignments is 0, or not a number ({best[state]})")
    log_prob, path = float(best[state]), []
    for frame in reversed(range(num_frames)):
        path.append(int(states[state]))
        state -= int(came_from[frame, state])
    return path[::-1], log_prob


def frames_needed(labels: Sequence[int]) -> int:
    """How many frames CTC needs for labels: one for each, and one for the blank between equal ones."""
    return len(labels) + sum(1 for left, right in zip(labels, labels[1:]) if left == right)


def fits(labels: Sequence[int], num_frames: int) -> bool:
    """Whether there is an alignment."""
    return frames_needed(labels) <= num_frames


def check_log_probs(path: str, tag: str, log_probs: numpy.ndarray, labels: Sequence[str]) -> None:
    """
    :raises ValueError: if what a file has of a sequence are no log-probabilities of the labels and a blank
    """
    if log_probs.ndim != 2 or log_probs.shape[1] != len(labels) + 1:
        width = log_probs.shape[1] if log_probs.ndim == 2 else 1
        raise ValueError(
            f"{path} has {width} values a frame, but there are {len(labels)} labels and a blank: were these the "
            "log-probabilities of another model?"
        )
    if len(log_probs) and not log_probs.max() <= 1e-3:
        raise ValueError(f"{path}: what stands there of {tag!r} are no log-probabilities: {log_probs.max()}")
