"""Ensembles: several decoders that write one sequence together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recipe import nn

from .fusion import check_same_labels
from .label_decoder import DecoderState, LabelDecoder


class Encoders(nn.Module):
    """
    Several encoders of one input.

    :param encoders: modules with one argument
    """

    def __init__(self, encoders: Sequence[nn.Module]):
        super().__init__()
        self.encoders = nn.ModuleList(encoders)

    def forward(self, x: nn.Tensor) -> tuple[Any, ...]:
        """What each of them gives."""
        return tuple(encoder(x) for encoder in self.encoders)


class Ensemble(LabelDecoder):
    """
    The mean of the probabilities of several decoders (Hansen and Salamon 1990), or of their log probabilities.

    :param decoders: of the same labels
    :param mean: "prob": log of the mean probability; "log_prob": weighted mean of the log probabilities
    :param weights: one for each, which add up to 1; default: all alike
    """

    scores = "log_prob"

    def __init__(self, decoders: Sequence[LabelDecoder], *, mean: str = "prob", weights: Sequence[Any] | None = None):
        if mean not in ("prob", "log_prob"):
            raise nn.NetworkError(f'the mean of an ensemble is that of "prob" or "log_prob", not {mean!r}')
        if not decoders or (weights is not None and len(weights) != len(decoders)):
            raise nn.NetworkError(
                f"an ensemble of {len(decoders)} decoders"
                + (f" has {len(weights)} weights: it needs one for each" if weights is not None else " has none")
            )
        super().__init__(decoders[0].labels, decoders[0].end_label)
        check_same_labels(list(decoders))
        self.decoders = nn.ModuleList(decoders)
        self.mean = mean
        self.weights = tuple(weights) if weights is not None else (1.0 / len(decoders),) * len(decoders)

    def initial_state(self, encoder: Any) -> DecoderState:
        """Those of all."""
        return {
            "decoders": [
                dict(decoder.initial_state(part)) for decoder, part in zip(self.decoders, self.encoders_of(encoder))
            ]
        }

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of all
        :param encoder: one for all, or a tuple with one for each
        :return: log scores [batch, labels], and the new states
        """
        scores, states = [], []
        for decoder, part, before in zip(self.decoders, self.encoders_of(encoder), state["decoders"]):
            one, after = decoder.log_probs(label, before, part)
            scores.append(one)
            states.append(dict(after))
        weighted = [(nn.exp(one) if self.mean == "prob" else one) * weight for one, weight in zip(scores, self.weights)]
        total = sum(weighted[1:], weighted[0])
        return (nn.log(total) if self.mean == "prob" else total), {"decoders": states}

    def encoders_of(self, encoder: Any) -> tuple[Any, ...]:
        """
        What each decoder attends to.

        :raises NetworkError: if there are several, but not one for each
        """
        if not isinstance(encoder, tuple):
            return (encoder,) * len(self.decoders)
        if len(encoder) != len(self.decoders):
            raise nn.NetworkError(f"{len(encoder)} encoders for {len(self.decoders)} decoders")
        return encoder
