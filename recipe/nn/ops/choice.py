"""Choice: the next label, from the targets in training or by beam search."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy

from ..plain.delayed import Delayed, delayed_or
from ..plain.dim import batch_dim, dims_text
from ..plain.errors import NetworkError, did_you_mean
from ..plain.number import is_number, is_size
from ..record.op import Op
from ..record.recording import as_tensor, current_recording
from ..record.tensor import Tensor
from .softmax import warn_of_probabilities

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering

INPUT_TYPES = ("logits", "log_prob", "prob", "regression")


@dataclasses.dataclass(frozen=True)
class BeamSearch:
    """
    How to search.

    :param beam_size: hypotheses kept per sequence in each step
    :param length_normalization: exponent of the length by which scores are divided; 0 for plain sums, which are taken
        anyway where the loop has an input, and so the length
    """

    beam_size: Any = 12
    length_normalization: Any = 1.0

    def __post_init__(self) -> None:
        size = delayed_or(self.beam_size, "the beam size", is_size, "a whole number of at least 1")
        exponent = delayed_or(self.length_normalization, "length_normalization", is_number, "a number")
        object.__setattr__(self, "beam_size", size)
        object.__setattr__(self, "length_normalization", exponent)


class Choice(Op):
    """The labels of the best continuations of all hypotheses."""

    name = "choice"
    is_random = True  # it has an effect on the beam, so it stays where it is

    def __init__(self, scores: Tensor, input_type: str, search: BeamSearch):
        self.input_type, self.search = input_type, search
        super().__init__(scores)
        if self.body.branch is not None:
            raise NetworkError(
                "a choice by search cannot stand in Cond or MaskedComputation, as each step chooses (here from "
                f"{scores}). Choose outside of it, and select with nn.where(condition, choice, other)"
            )
        if self.body.loop is None:
            raise NetworkError(
                f"a choice by search belongs inside of a loop, one step of which it is, but {scores} are outside. "
                "nn.argmax(scores) gives the best label of each frame"
            )

    @property
    def normalizes(self) -> bool:
        """
        Whether scores are divided by lengths. Not in loops over an input: RETURNN would count steps there that depend
        on other sequences of the batch, and gives NaN for a sequence of length 0.
        """
        loop = self.body.loop
        assert loop is not None
        exponent = self.search.length_normalization
        return (isinstance(exponent, Delayed) or bool(exponent)) and not loop.axis_is_known

    def infer(self) -> None:
        """Labels [batch]."""
        scores = self.inputs[0]
        self.require_float(scores)
        self.set_output([batch_dim], dtype="int32", sparse_dim=scores.feature_dim)

    def numpy(self, run: Run, scores: numpy.ndarray) -> numpy.ndarray:
        """
        The ``beam_size`` best of all continuations of the hypotheses of a sequence, see
        :class:`recipe.nn.numpy_run.search.Hypotheses`.
        """
        tensor = self.inputs[0]
        return run.choose(self, run.aligned(scores, tensor.dims, (batch_dim, tensor.feature_dim)))

    def layer(self, lower: Lowering) -> Reference:
        """``choice``."""
        loop = self.body.loop
        assert loop is not None
        scores, input_type = lower.scores_of(self), self.input_type
        behind_the_end = [] if lower.is_canonical else lower.conditions_before(loop)
        if behind_the_end:
            scores, input_type = self._only_counted(lower, scores, behind_the_end), "log_prob"
        options: dict[str, Any] = {
            "from": scores,
            "input_type": input_type,
            "beam_size": self.search.beam_size,
            "target": None,
            "search": True,
        }
        exponent = self.search.length_normalization
        if not self.normalizes:
            options["length_normalization"] = False
        elif isinstance(exponent, Delayed) or exponent != 1.0:
            options["length_normalization_exponent"] = exponent
        return lower.add(self, "choice", options)

    def _only_counted(self, lower: Lowering, scores: Reference, behind_the_end: list[Reference]) -> Reference:
        """
        Log probabilities; in a step behind the end of a sequence label 0 is certain.

        RETURNN runs one such step of a loop that is over with its input, and would score what is chosen in it.
        """
        if self.input_type != "log_prob":
            activation = "log_softmax" if self.input_type == "logits" else "safe_log"
            scores = lower.add(self, "activation", {"from": scores, "activation": activation}, name="log_prob")
        over = "source(1)" if len(behind_the_end) == 1 else "tf.logical_or(source(1), source(2))"
        certain = "tf.where(tf.range(tf.shape(source(0))[-1]) > 0, -1e30, 0.0)"
        options = {"from": [scores, *behind_the_end], "eval": f"tf.where({over}, {certain}, source(0))"}
        return lower.add(self, "eval", {**options, "allow_broadcast_all_sources": True}, name="counted")


def choice(
    scores: Tensor, *, target: Tensor | None = None, search: BeamSearch | None = None, input_type: str = "logits"
) -> Tensor:
    """
    The next label: the target where there is one, else by beam search over the scores.

    :param scores: [batch, labels]
    :param target: labels [batch], the right ones in training
    :param search: how to search; default: without target, that of the network: ``nn.Network(model, search=...)``
    :param input_type: what the scores are: "logits", "log_prob" or "prob"; "regression" if they are no scores of
        labels, but what is predicted itself, so that there is nothing to search and one hypothesis
    :raises NetworkError: if there is neither target nor search
    """
    scores = as_tensor(scores)
    if input_type not in INPUT_TYPES:
        hint = did_you_mean(input_type, INPUT_TYPES) if isinstance(input_type, str) else ""
        raise NetworkError(f"choice: input_type is one of {', '.join(INPUT_TYPES)}, not {input_type!r}.{hint}")
    if search is not None and not isinstance(search, BeamSearch):
        raise NetworkError(f"choice: how to search is said by search=nn.BeamSearch(beam_size), not search={search!r}")
    if input_type == "regression":
        return scores if target is None else as_tensor(target)
    if scores.known_dims is not None and not any(dim.is_static for dim in scores.dims):
        raise NetworkError(f"choice wants scores of labels, [batch, labels], but {scores} has no dim of labels")
    if input_type == "logits":
        warn_of_probabilities("choice", scores, "say input_type='prob'")
    if target is not None and search is not None:
        raise NetworkError(
            f"choice has a target {target} and a search, but takes one of them: target=... in training, and "
            "target=None where search is given"
        )
    if target is not None:
        target = as_tensor(target)
        _check_target(scores, target)
        return target
    search = search or current_recording().search
    if search is None:
        raise NetworkError(
            f"choice from {scores} wants a target (in training: target=loop.unstack(targets)) or a search: "
            "search=nn.BeamSearch(beam_size), here or for all choices: nn.Network(model, search=...)"
        )
    if set(scores.dims) != {batch_dim, scores.feature_dim}:
        raise NetworkError(f"choice wants scores [batch, labels], but it gets {scores}")
    return Choice(scores, input_type, search).output


def _check_target(scores: Tensor, target: Tensor) -> None:
    if target.sparse_dim is not scores.feature_dim:
        what = "is no label" if target.sparse_dim is None else f"are labels of {target.sparse_dim}"
        raise NetworkError(f"choice wants a label of {scores.feature_dim} as {scores} is over, but {target} {what}")
    extra = [dim for dim in target.dims if dim not in scores.dims]
    if extra:
        hint = " Write target=loop.unstack(targets)" if any(dim.is_dynamic for dim in extra) else ""
        raise NetworkError(f"choice has scores {scores}, but the target {target} also has {dims_text(extra)}.{hint}")
