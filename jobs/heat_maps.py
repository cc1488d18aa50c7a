"""The job that computes heat maps of attention and of CTC alignments, for a few sequences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy
from sisyphus import Job, Task

from recipe import nn
from recipe.nn.numpy_run.run import NumpyRun
from recipe.nn.ops.ctc import CtcLoss
from recipe.nn.ops.softmax import Softmax

from .atomic_file import write_json
from .checkpoint import Checkpoint
from .checkpoint_values import read_checkpoint
from .ctc_alignment import fits, viterbi
from .data_view.sample import read_sample
from .pages.heat_map import HeatMap
from .returnn_process import resolve_paths

_MOST_MAPS = 4  # of a sequence
_LONGEST = 400  # frames or labels of a map


class HeatMapsJob(Job):
    """
    Where a trained network attends to, and how CTC aligns, on a few sequences of a dataset, with their right labels.

    It runs in NumPy. Each softmax over frames is a map: in a loop over labels with a row for each label, of several
    heads their mean. Each CTC loss is one, too: which frames are of which label, by all alignments, and the best
    alignment, framed. ``out_heat_maps`` is JSON: a list with ``seq_tag`` and ``maps`` of each sequence.

    :param network: the trained one, with its losses; of several stages, the last
    :param model_checkpoint: its parameters
    :param data: RETURNN dataset options; the sequences are drawn from it, the same ones each time
    :param num_examples: how many sequences
    """

    def __init__(
        self,
        network: nn.Network | nn.StagedNetwork,
        model_checkpoint: Checkpoint,
        data: dict[str, Any],
        *,
        num_examples: int = 4,
    ):
        self.network = network.last if isinstance(network, nn.StagedNetwork) else network
        self.model_checkpoint = model_checkpoint
        self.data = data
        self.num_examples = num_examples

        self.out_heat_maps = self.output_path("heat_maps.json")

        self.rqmt = {"cpu": 1, "mem": 4, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Runs the network on each sequence.

        :raises FileNotFoundError: if the checkpoint is not there
        """
        self.model_checkpoint.check_exists()
        parameters = read_checkpoint(self.model_checkpoint)
        options = in_random_order(resolve_paths(self.data))
        sample = read_sample(options, examples=self.num_examples, most=0, epoch=1)
        entries = []
        for number, tag in enumerate(sample.tags):
            arrays = {stream.key: stream.arrays[number] for stream in sample.streams}
            run = nn.run_numpy(self.network, feeds_of(self.network, arrays), parameters, trace=True)
            entries.append({"seq_tag": tag, "maps": [one.plain() for one in heat_maps(self.network, run, arrays)]})
        write_json(self.out_heat_maps, [entry for entry in entries if entry["maps"]])


def in_random_order(options: dict[str, Any]) -> dict[str, Any]:
    """A dataset with its sequences by chance: those of development data are mostly sorted, short ones first."""
    if "seq_ordering" in options:
        return {**options, "seq_ordering": "random"}
    control, datasets = options.get("seq_order_control_dataset"), options.get("datasets", {})
    if control in datasets:
        return {**options, "datasets": {**datasets, control: in_random_order(datasets[control])}}
    return options


def feeds_of(network: nn.Network, arrays: Mapping[str, numpy.ndarray]) -> dict[str, Any]:
    """
    The feeds of a batch of one sequence.

    :param arrays: what a dataset has of it, by key: [time, ...] or, of what has no time, [...]
    """
    feeds: dict[str, Any] = {}
    for name, data in network.extern_data.items():
        array: numpy.ndarray = arrays[name].astype(data.dtype)[None]
        has_lengths = any(dim.is_dynamic and not dim.is_batch for dim in data.dims)
        feeds[name] = (array, numpy.array([array.shape[1]], "int32")) if has_lengths else array
    return feeds


def heat_maps(network: nn.Network, run: NumpyRun, arrays: Mapping[str, numpy.ndarray]) -> list[HeatMap]:
    """
    The maps of a sequence: first those from one sequence to another; of self-attention only if there are no others.

    :param run: of the network, on a batch of one sequence, with a trace
    :param arrays: the inputs of the sequence, by name
    """
    found: list[tuple[bool, HeatMap]] = []
    for op in network.all_ops():
        if op not in network.needed:
            continue
        if isinstance(op, CtcLoss):
            found += [(False, one) for one in _alignment(op, run)]
        elif isinstance(op, Softmax) and not op.log and op.axis.is_dynamic:
            found += _attention(op, network, run, arrays)
    across = [one for is_self, one in found if not is_self] or [one for _, one in found]
    return across[:_MOST_MAPS]


def _attention(
    op: Softmax, network: nn.Network, run: NumpyRun, arrays: Mapping[str, numpy.ndarray]
) -> Iterator[tuple[bool, HeatMap]]:
    """Of a softmax over frames, and whether it is over the frames that the rows are, too."""
    tensor, axis, loop = op.output, op.axis, op.body.loop
    if loop is not None:
        rows_dim = loop.get_axis()
        steps = [step.value for step in run.trace if step.tensor is tensor]
        if not steps:
            return
        widths = [value.shape[tensor.dims.index(axis)] for value in steps]
        means = [_mean_to(value, tensor.dims, [axis]) for value in steps]
        values = numpy.array([numpy.pad(row, (0, max(widths) - len(row))) for row in means])
        is_self = len(set(widths)) > 1  # each step attends to those before
    else:
        rows_dim = next((dim for dim in tensor.dims if dim.is_dynamic and not dim.is_batch and dim is not axis), None)
        if rows_dim is None:
            return
        values = _mean_to(run.result(tensor).value, tensor.dims, [rows_dim, axis])
        is_self = values.shape[0] == values.shape[1]
    if not 1 < max(values.shape, default=0) <= _LONGEST:
        return
    others = [dim for dim in tensor.dims if not dim.is_batch and dim is not axis and dim is not rows_dim]
    heads = f", mean of {others[0].size} heads" if others and others[0].is_static else ""
    names = [_labels_along(dim, size, network, arrays) for dim, size in zip((rows_dim, axis), values.shape)]
    columns = names[0] if is_self else names[1]
    rows = names[0] if any(names[0]) else [str(number) for number in range(len(values))]
    title = f"attention of {op.module_path() or 'the network'}{heads}"
    yield is_self, HeatMap(title, rows, columns, values.tolist())


def _alignment(op: CtcLoss, run: NumpyRun) -> Iterator[HeatMap]:
    """Of a CTC loss, if its labels fit into the frames."""
    logits, targets = op.inputs
    dims = [next(dim for dim in logits.dims if dim.is_dynamic and not dim.is_batch), logits.feature_dim]
    scores: numpy.ndarray = _mean_to(run.result(logits).value, logits.dims, dims).astype("float64")
    log_probs = scores - numpy.logaddexp.reduce(scores, axis=-1, keepdims=True)
    labels = [int(label) for label in run.result(targets).value.reshape(-1)]
    if not labels or not fits(labels, len(log_probs)) or max(log_probs.shape[0], len(labels)) > _LONGEST:
        return
    alignment, _ = viterbi(log_probs, labels)
    known = targets.sparse_dim.labels if targets.sparse_dim is not None and targets.sparse_dim.has_labels else None
    rows = [known[label] if known else str(label) for label in labels]
    values = soft_alignment(log_probs, labels)
    title = f"alignment of {op.module_path() or 'CTC'}: which frames are of which right label; the best path is framed"
    yield HeatMap(title, rows, [""] * len(log_probs), values.tolist(), _path(alignment, log_probs.shape[1] - 1))


def soft_alignment(log_probs: numpy.ndarray, labels: Sequence[int]) -> numpy.ndarray:
    """
    The probability that a frame is one of a label, over all alignments of CTC that stand for the labels: forward and
    backward sums (Graves et al. 2006).

    :param log_probs: [frames, labels + 1], the blank last
    :param labels: [positions], which fit into the frames
    :return: [positions, frames]; what a frame lacks to 1 is that of a blank
    """
    states = numpy.full(2 * len(labels) + 1, log_probs.shape[1] - 1)
    states[1::2] = labels
    may_skip: numpy.ndarray = numpy.zeros(len(states), bool)
    may_skip[2:] = (states[2:] != states[-1]) & (states[2:] != states[:-2])
    scores: numpy.ndarray = log_probs[:, states]

    def sums(scores: numpy.ndarray, may_skip: numpy.ndarray) -> numpy.ndarray:
        """Of all paths up to each state of each frame."""
        total = numpy.full(scores.shape, -numpy.inf)
        total[0, :2] = scores[0, :2]
        for frame in range(1, len(scores)):
            before = numpy.full((3, len(states)), -numpy.inf)
            before[0], before[1, 1:], before[2, 2:] = total[frame - 1], total[frame - 1, :-1], total[frame - 1, :-2]
            before[2, ~may_skip] = -numpy.inf
            total[frame] = numpy.logaddexp.reduce(before) + scores[frame]
        return total

    skips_back: numpy.ndarray = numpy.zeros(len(states), bool)
    skips_back[2:] = may_skip[2:][::-1]
    together = sums(scores, may_skip) + sums(scores[::-1, ::-1], skips_back)[::-1, ::-1] - scores
    return numpy.exp(together - numpy.logaddexp.reduce(together, axis=1, keepdims=True))[:, 1::2].T


def _path(alignment: list[int], blank: int) -> list[tuple[int, int]]:
    """(position, frame) of the frames that an alignment gives to a label."""
    found, position, before = [], -1, blank
    for frame, label in enumerate(alignment):
        if label not in (blank, before):
            position += 1
        if label != blank:
            found.append((position, frame))
        before = label
    return found


def _mean_to(value: numpy.ndarray, dims: Any, kept: list[nn.Dim]) -> numpy.ndarray:
    """The mean over all other axes, with these in order."""
    dims = list(dims)
    others = tuple(index for index, dim in enumerate(dims) if not any(dim is one for one in kept))
    left = [dim for index, dim in enumerate(dims) if index not in others]
    return numpy.transpose(value.mean(axis=others) if others else value, [left.index(dim) for dim in kept])


def _labels_along(dim: Any, size: int, network: nn.Network, arrays: Mapping[str, numpy.ndarray]) -> list[str]:
    """The names of the labels of the input that has this axis; empty texts where there is none."""
    for name, data in network.extern_data.items():
        labels, is_along = data.sparse_dim, any(one is dim for one in data.dims)
        if labels is not None and labels.has_labels and is_along and len(arrays[name]) == size:
            names = labels.labels or ()
            return [names[int(index)] for index in arrays[name]]
    return [""] * size
