"""Choice: the next label, from the targets in training or by beam search."""

from __future__ import annotations

from typing import Any

from ..plain.beam_search import BeamSearch
from ..plain.delayed import Delayed
from ..plain.dim import batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, did_you_mean
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.recording import current_recording
from .as_tensor import as_tensor
from .softmax import warn_of_probabilities

INPUT_TYPES = ("logits", "log_prob", "prob", "regression")


class Choice(Op):
    """The labels of the best continuations of all hypotheses."""

    name = "choice"
    is_random = True  # it has an effect on the beam, so it stays where it is
    takes_more_axes = False

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

    def form(self) -> Form:
        """``choice``."""
        options: dict[str, Any] = {
            "from": self.inputs[0],
            "input_type": self.input_type,
            "beam_size": self.search.beam_size,
            "target": None,
            "search": True,
        }
        exponent = self.search.length_normalization
        if not self.normalizes:
            options["length_normalization"] = False
        elif isinstance(exponent, Delayed) or exponent != 1.0:
            options["length_normalization_exponent"] = exponent
        return Form("choice", options)


def _for_positions(scores: Tensor) -> str:
    """How positions along an axis with lengths become labels, if there is one axis of this kind."""
    dims = [dim for dim in scores.dims if dim.is_dynamic]
    if len(dims) != 1:
        return ""
    position = "nn.range_over(positions)"
    return (
        f". Positions along {dims[0]} become labels of a fixed number by positions = nn.Dim(n, 'positions') and "
        f"scores[{position}], with -1e30 for those that a sequence does not have: "
        f"nn.where({position} < nn.expand(x.seq_len, [positions]), scores, -1e30)"
    )


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
        raise NetworkError(
            f"choice wants scores of labels, [batch, labels], but {scores} has no dim of labels{_for_positions(scores)}"
        )
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
