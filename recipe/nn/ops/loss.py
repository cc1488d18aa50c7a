"""Training losses and error counts, one value per frame."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or, resolved
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.number import is_number
from ..record.arrays import Arrays
from ..record.common_dims import as_long_hint
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.unknown_start import wrong_type
from .activation import exp
from .as_tensor import as_tensor
from .elementwise import cast
from .reduce import reduce_mean
from .softmax import log_softmax, warn_of_probabilities
from .whole_numbers import labels_in_range


class SparseCrossEntropy(Op):
    """``-log softmax(logits)[target]``."""

    name = "cross_entropy"

    def __init__(self, logits: Tensor, targets: Tensor):
        super().__init__(logits, targets)

    def infer(self) -> None:
        """The dims of the targets."""
        logits, targets = self.inputs
        check_labels("cross_entropy", logits, targets)
        self.set_output([dim for dim in logits.dims if dim is not logits.feature_dim])

    def numpy(self, run: Arrays, logits: numpy.ndarray, targets: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        scores, labels = self.inputs
        dims = (*self.output.dims, scores.feature_dim)
        x = run.aligned(logits, scores.dims, dims)
        targets = labels_in_range(run, self, labels, targets, logits.shape[scores.dims.index(scores.feature_dim)])
        y = run.aligned(targets, labels.dims, self.output.dims)
        x = x - x.max(axis=-1, keepdims=True)
        log_prob = x - numpy.log(numpy.exp(x).sum(axis=-1, keepdims=True))
        return -numpy.take_along_axis(log_prob, y[..., None], axis=-1)[..., 0]

    def form(self) -> Form:
        """``sparse_softmax_cross_entropy_with_logits``."""
        logits, targets = self.inputs
        options = {"logits": logits, "targets": targets, "axis": logits.feature_dim}
        return Form("sparse_softmax_cross_entropy_with_logits", options)


class NegativeLogProb(SparseCrossEntropy):
    """``-log_prob[target]``, of log scores that are taken as they are."""

    def numpy(self, run: Arrays, logits: numpy.ndarray, targets: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        scores, labels = self.inputs
        dims = (*self.output.dims, scores.feature_dim)
        x = run.aligned(logits, scores.dims, dims)
        targets = labels_in_range(run, self, labels, targets, logits.shape[scores.dims.index(scores.feature_dim)])
        y = run.aligned(targets, labels.dims, self.output.dims)
        return -numpy.take_along_axis(x, y[..., None], axis=-1)[..., 0]

    def form(self) -> Form:
        """``gather``, and its negative."""
        scores, targets = self.inputs
        options = {"from": scores, "position": targets, "axis": scores.feature_dim}
        return Form("eval", {"from": Form("gather", options, name="of_target"), "eval": "-source(0)"})


class SmoothedLoss(Op):
    """``(1 - s) loss - s mean_log_prob``: cross entropy with label smoothing."""

    name = "smoothed_cross_entropy"

    def __init__(self, loss: Tensor, mean_log_prob: Tensor, smoothing: float | Delayed):
        self.smoothing = smoothing
        super().__init__(loss, mean_log_prob)

    def infer(self) -> None:
        """Those of the loss."""
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, loss: numpy.ndarray, mean_log_prob: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        mean_log_prob = run.aligned(mean_log_prob, self.inputs[1].dims, self.output.dims)
        smoothing = resolved(self.smoothing)
        return (1.0 - smoothing) * loss - smoothing * mean_log_prob

    def form(self) -> Form:
        """``eval``."""
        formula = "(1 - smoothing) * source(0) - smoothing * source(1)"
        return Form("eval", {"from": list(self.inputs), "eval": formula, "smoothing": self.smoothing})


class ArgMax(Op):
    """The label with the greatest score."""

    name = "argmax"

    def infer(self) -> None:
        """The dims without the feature dim; labels of it."""
        x = self.inputs[0]
        feature = x.feature_dim
        self.set_output([dim for dim in x.dims if dim is not feature], dtype="int32", sparse_dim=feature)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.argmax``."""
        tensor = self.inputs[0]
        return x.argmax(axis=tensor.dims.index(tensor.feature_dim)).astype("int32")

    def form(self) -> Form:
        """``reduce`` with mode argmax."""
        x = self.inputs[0]
        return Form("reduce", {"from": x, "mode": "argmax", "axis": x.feature_dim})


def cross_entropy(logits: Tensor, targets: Tensor, *, label_smoothing: Any = 0.0, input_type: str = "logits") -> Tensor:
    """
    Cross entropy per frame, of a target distribution with ``1 - label_smoothing`` on the target and the rest spread
    evenly over all labels, as in PyTorch (Szegedy et al. 2016).

    :param logits: [..., labels]
    :param targets: labels, with the dims of the logits without the feature dim
    :param label_smoothing: at least 0 and below 1
    :param input_type: "logits"; or "log_prob" for log scores that are taken as they are, as those of decoders that are
        searched with together, which need not add up to one
    """
    logits, targets = as_tensor(logits), as_tensor(targets)
    if input_type not in ("logits", "log_prob"):
        raise NetworkError(f'cross_entropy: input_type is "logits" or "log_prob", not {input_type!r}')
    warn_of_probabilities("cross_entropy", logits, "give it what goes into softmax")
    loss = (SparseCrossEntropy if input_type == "logits" else NegativeLogProb)(logits, targets).output
    smoothing = share_of_others(label_smoothing)
    if smoothing is not None:
        log_probs = log_softmax(logits) if input_type == "logits" else logits
        loss = SmoothedLoss(loss, reduce_mean(log_probs), smoothing).output
    return loss


def share_of_others(label_smoothing: Any) -> float | Delayed | None:
    """The option ``label_smoothing`` of a loss, checked; None if there is none."""
    smoothing: float | Delayed
    smoothing = delayed_or(label_smoothing, "label_smoothing", _is_share, "at least 0 and below 1")
    return smoothing if isinstance(smoothing, Delayed) or smoothing else None


def focal_loss(logits: Tensor, targets: Tensor, *, focus: Any = 2.0, label_smoothing: Any = 0.0) -> Tensor:
    """
    Cross entropy per frame, less of it where the target is likely already: ``-(1 - p)^focus log p`` (Lin et al. 2017).

    :param logits: [..., labels]
    :param targets: labels, with the dims of the logits without the feature dim
    :param focus: at least 1, so that the slope is finite at ``p = 1``
    :param label_smoothing: at least 0 and below 1: the share of the mean of the same over all labels
    """
    focus = delayed_or(focus, "focus", _is_focus, "a number of at least 1")
    loss = cross_entropy(logits, targets)
    loss = (1.0 - exp(-loss)) ** focus * loss
    smoothing = share_of_others(label_smoothing)
    if smoothing is not None:
        log_probs = log_softmax(as_tensor(logits))
        of_all = (1.0 - exp(log_probs)) ** focus * log_probs
        loss = SmoothedLoss(loss, reduce_mean(of_all), smoothing).output
    return loss


def mean_squared_error(x: Tensor, targets: Tensor) -> Tensor:
    """
    The mean over the features of the squared differences, one value per frame.

    :param x: [..., features]
    :param targets: of the same dims
    :raises NetworkError: if they have other dims
    """
    x, targets = as_tensor(x), as_tensor(targets)
    if set(x.dims) != set(targets.dims):
        raise NetworkError(f"mean_squared_error wants values of the same dims, but they are {x} and {targets}")
    difference = x - targets
    return reduce_mean(difference * difference, x.feature_dim)


def _is_focus(value: Any) -> bool:
    return is_number(value) and value >= 1


def _is_share(value: Any) -> bool:
    return is_number(value) and 0 <= value < 1


def frame_error(scores: Tensor, targets: Tensor) -> Tensor:
    """1.0 where the label with the greatest score is not the target, else 0.0: [..., labels] and [...] become [...]."""
    scores, targets = as_tensor(scores), as_tensor(targets)
    check_labels("frame_error", scores, targets)
    error = cast(ArgMax(scores).output != targets, "float32")
    error.op.name = "frame_error"
    return error


def check_labels(name: str, scores: Tensor, targets: Tensor) -> None:
    """
    :raises NetworkError: if the targets are no labels of the scores' feature dim, or have other dims
    """
    if targets.sparse_dim is None:
        swapped = f" Were the two swapped? {name}(scores, targets)" if scores.sparse_dim is not None else ""
        message = f"{name} wants labels as targets, but {targets} is {targets.dtype}.{swapped}"
        raise wrong_type(targets, "int32", message, labels=scores.feature_dim)
    if scores.sparse_dim is not None:
        raise NetworkError(f"{name} wants scores [..., labels] and targets, but {scores} are labels themselves")
    if targets.sparse_dim is not scores.feature_dim:
        raise NetworkError(
            f"{name}: the targets are labels of {targets.sparse_dim}, but the scores are over {scores.feature_dim}: "
            f"{targets} and {scores}"
        )
    rest = {dim for dim in scores.dims if dim is not scores.feature_dim}
    if rest != set(targets.dims):
        only_scores = [dim for dim in scores.dims if dim in rest and dim not in targets.dims]
        only_targets = [dim for dim in targets.dims if dim not in rest]
        differ = [f"only the scores have {dims_text(only_scores)}"] if only_scores else []
        differ += [f"only the targets have {dims_text(only_targets)}"] if only_targets else []
        forgotten = not only_scores and scores.op.body.loop is not None and any(dim.is_dynamic for dim in only_targets)
        hint = (
            "In a loop, write loop.unstack(targets)"
            if forgotten
            else f"Beside the labels, both must have the same dims.{as_long_hint(only_scores, only_targets)}".rstrip(
                "."
            )
        )
        raise NetworkError(f"{name} of the scores {scores} and the targets {targets}: {' and '.join(differ)}. {hint}")
