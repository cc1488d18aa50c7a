"""
What all decoders have in common: one step from label to label, and the loop over the steps.

A decoder is a recurrent core in the sense of Haiku: ``step`` takes a label and a state and gives scores and the new
state, and ``initial_state`` is what the first step gets. The loop is written once, here, and is that of training, of
search and of rescoring. Whatever has these two methods can be wrapped, fused and averaged: see
:mod:`recipe.models.fusion` and :mod:`recipe.models.ensemble`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from recipe import nn

DecoderState = Mapping[str, Any]
"""What a decoder carries from step to step: tensors, or structures of them, by name."""


class Decoded(NamedTuple):
    """
    What a decoder gives: per step the scores of the labels (logits [batch, steps, labels]) and the labels taken.
    """

    logits: nn.Tensor
    labels: nn.Tensor


class LabelDecoder(nn.Module):
    """
    Base of decoders that write labels one by one, each scored from those before and from the encoder.

    Subclasses define :meth:`initial_state` and :meth:`step`.

    :param labels: the dim of the labels, among them ``end_label``
    :param end_label: index of the label that ends a sequence; it also stands for the label before the first one
    :raises NetworkError: if the labels are known, and "</s>" is another one of them
    """

    scores = "logits"
    """What :meth:`step` gives: "logits", or "log_prob" for log scores that need not add up to one."""

    def __init__(self, labels: nn.Dim, end_label: int):
        super().__init__()
        _check_end_label(labels, end_label)
        self.labels, self.end_label = labels, end_label

    def initial_state(self, encoder: Any) -> DecoderState:
        """
        The state before the first label.

        :param encoder: what the encoder gives, mostly [batch, time, encoder_dim]; a language model ignores it
        """
        return {}

    def step(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """
        One step; it stands in a loop.

        :param label: the label before, [batch]
        :param state: as the step before gave it
        :param encoder: as for :meth:`initial_state`
        :return: scores of the next label [batch, labels], and the new state, of the same names
        """
        raise nn.NetworkError(f"{type(self).__name__} does not define step(label, state, encoder)")

    def log_probs(self, label: nn.Tensor, state: DecoderState, encoder: Any) -> tuple[nn.Tensor, DecoderState]:
        """As :meth:`step`, with log scores in any case: what wrappers add up."""
        scores, state = self.step(label, state, encoder)
        return (nn.log_softmax(scores) if self.scores == "logits" else scores), state

    def forward(
        self,
        encoder: Any,
        targets: nn.Tensor | None = None,
        *,
        search: nn.BeamSearch | None = None,
        max_seq_len: Any = 100,
        scheduled_sampling: Any = 0.0,
    ) -> Decoded:
        """
        The loop over the labels.

        :param encoder: as for :meth:`initial_state`
        :param targets: labels [batch, steps] with the end label last, in training and rescoring
        :param search: how to search, where there are no targets
        :param max_seq_len: the most steps of a search
        :param scheduled_sampling: with this probability, in training, what the decoder itself found best goes into the
            next step and not the target (Bengio et al. 2015); below 1, a number or what a job gives
        :return: scores and labels [batch, steps, ...]; in a search without the end label
        """
        loop = nn.Loop(max_seq_len=max_seq_len if search is not None else None)
        loop.state.label = nn.constant(self.end_label, [nn.batch_dim], sparse_dim=self.labels)
        initial = self.initial_state(encoder)
        if "label" in initial:
            raise nn.NetworkError(f"{type(self).__name__}: the state 'label' is the loop's own; call it otherwise")
        for name, value in initial.items():
            setattr(loop.state, name, value)
        is_target = _kept_targets(targets, scheduled_sampling)
        with loop:
            state = {name: getattr(loop.state, name) for name in initial}
            scores, state = self.step(loop.state.label, state, encoder)
            for name, value in state.items():
                setattr(loop.state, name, value)
            target = loop.unstack(targets) if targets is not None else None
            label = nn.choice(scores, target=target, search=search, input_type=self.scores)
            if is_target is not None:
                label = nn.where(loop.unstack(is_target), label, nn.argmax(scores))
            loop.state.label = label
            if search is not None:
                loop.end(loop.state.label == self.end_label, include_eos=False)
            return Decoded(loop.stack(scores), loop.stack(loop.state.label))


def _check_end_label(labels: nn.Dim, end_label: int) -> None:
    """Vocabularies of others have their "</s>" elsewhere, as SentencePiece by default at 2."""
    if labels.delayed_labels is not None and not labels.delayed_labels.is_available():
        return
    names = labels.labels or ()
    if _END in names and names.index(_END) != end_label and 0 <= end_label < len(names):
        raise nn.NetworkError(
            f"end_label={end_label} is {names[end_label]!r}, but {_END!r}, the end of a sentence, is label "
            f"{names.index(_END)} of dim {labels.name!r}: give end_label={names.index(_END)}"
        )


_END = "</s>"


def _kept_targets(targets: nn.Tensor | None, scheduled_sampling: Any) -> nn.Tensor | None:
    """
    Where scheduled sampling keeps the targets: bool [batch, steps], drawn by dropout, so in training only.

    :return: None if it keeps all
    """
    if targets is None or (isinstance(scheduled_sampling, (int, float)) and scheduled_sampling == 0):
        return None
    return nn.dropout(nn.ones(targets.dims), scheduled_sampling) > 0
