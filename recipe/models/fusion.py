"""
Decoders with language models, in search: scores of several decoders, added up in each step.

These are decoders around decoders: any two with the same labels fit, with their own states. Their scores are weighted
log probabilities, which no more add up to one. A scale is a number, or a variable that a job gives later.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

from .label_decoder import DecoderState, LabelDecoder


class ShallowFusion(LabelDecoder):
    """
    A decoder with an external language model (Gulcehre et al. 2015)::

        log p(label | labels before, encoder) + scale log p_LM(label | labels before)

    :param decoder: what is searched with
    :param language_model: over the same labels, mostly a :class:`recipe.models.language_model.LanguageModel`
    :param scale: of the language model
    """

    scores = "log_prob"

    def __init__(self, decoder: LabelDecoder, language_model: LabelDecoder, scale: Any):
        super().__init__(decoder.labels, decoder.end_label)
        check_same_labels([decoder, language_model])
        self.decoder, self.language_model, self.scale = decoder, language_model, scale

    def initial_state(self, encoder: Any) -> DecoderState:
        """Those of both."""
        return {
            "decoder": dict(self.decoder.initial_state(encoder)),
            "language_model": dict(self.language_model.initial_state(encoder)),
        }

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of both
        :param encoder: for the decoder
        :return: log scores [batch, labels], and the new states
        """
        scores, decoder_state = self.decoder.log_probs(label, state["decoder"], encoder)
        of_model, model_state = self.language_model.log_probs(label, state["language_model"], encoder)
        scores = self.fuse(scores, of_model * self.scale)
        return scores, {"decoder": dict(decoder_state), "language_model": dict(model_state)}

    def fuse(self, scores: nn.Tensor, of_model: nn.Tensor) -> nn.Tensor:
        """
        :param scores: of the decoder, [batch, labels]
        :param of_model: of the language model, scaled, [batch, labels]
        """
        return scores + of_model


class LanguageModelSubtraction(ShallowFusion):
    """
    A decoder without what it knows of the sequences of labels, before another language model is added::

        log p(label | labels before, encoder) - scale log p_LM(label | labels before)

    With a language model of the training transcripts this is the density ratio (McDermott et al. 2019), with the
    decoder's own, :class:`InternalLanguageModel`, the estimate of Meng et al. (2021) and Zeineldeen et al. (2021)::

        ShallowFusion(LanguageModelSubtraction(decoder, InternalLanguageModel(decoder), 0.2), external, 0.4)

    :param decoder: what is searched with
    :param language_model: what is subtracted
    :param scale: of the language model
    """

    def fuse(self, scores: nn.Tensor, of_model: nn.Tensor) -> nn.Tensor:
        """
        :param scores: of the decoder, [batch, labels]
        :param of_model: of the language model, scaled, [batch, labels]
        """
        return scores - of_model


class InternalLanguageModel(LabelDecoder):
    """
    What a decoder says with an encoder that says nothing: all its frames are zero (Meng et al. 2021).

    It has the decoder's parameters and a state of its own.

    :param decoder: the decoder
    """

    def __init__(self, decoder: LabelDecoder):
        super().__init__(decoder.labels, decoder.end_label)
        self.scores = decoder.scores
        self.decoder = decoder

    def initial_state(self, encoder: Any) -> DecoderState:
        """That of the decoder."""
        return self.decoder.initial_state(zeros_like(encoder))

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of the decoder
        :param encoder: [batch, time, encoder_dim], or several for an ensemble; only the dims count
        :return: scores [batch, labels], and the new state
        """
        return self.decoder.step(label, state, zeros_like(encoder))


def zeros_like(encoder: Any) -> Any:
    """Frames of zeros, in the place of those of one encoder or of several."""
    return tuple(map(zeros_like, encoder)) if isinstance(encoder, tuple) else encoder * 0.0


def check_same_labels(decoders: list[LabelDecoder]) -> None:
    """
    :raises NetworkError: if decoders that are to write the same labels have others, or end with another one
    """
    first = decoders[0]
    for other in decoders[1:]:
        if other.labels is not first.labels:
            raise nn.NetworkError(
                f"decoders that are searched with together have one Dim of labels, but {type(first).__name__} has "
                f"{first.labels} and {type(other).__name__} has {other.labels}: make it once, and give it to both"
            )
        if other.end_label != first.end_label:
            raise nn.NetworkError(
                f"{type(first).__name__} ends with label {first.end_label}, but {type(other).__name__} with "
                f"{other.end_label}"
            )
