"""
Joint CTC and attention (Watanabe et al. 2017): CTC as a second loss of the encoder, and in search beside the decoder.

In :class:`JointCtcAttention` the end label is one of CTC's labels, too: it is what the last frames say, so that both
score whole sequences alike. :class:`CtcPrefixScoring` also takes a CTC without it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from recipe import nn

from .ctc import with_blank
from .label_decoder import DecoderState, LabelDecoder
from .sequence_to_sequence import SequenceToSequence

_IMPOSSIBLE = -1e30
"""The log probability of what cannot be: no infinity, as infinities cannot be subtracted."""


class _CtcFrames(NamedTuple):
    """
    Log probabilities of CTC: for each frame the sums up to it of each label [batch, time, labels] and of the blank
    [batch, time]; those of the first frame [batch, labels]; and for each frame those of the next [batch, time, labels].
    """

    sum_of_labels: nn.Tensor
    sum_of_blanks: nn.Tensor
    first_labels: nn.Tensor
    next_labels: nn.Tensor


class CtcPrefixScoring(LabelDecoder):
    """
    A decoder beside CTC, label by label, in one pass (Hori et al. 2017)::

        (1 - scale) log p(label | labels before, encoder) + scale log (p_CTC(labels, label, ...) / p_CTC(labels, ...))

    ``p_CTC(g, ...)`` is the probability of all alignments whose labels begin with ``g``. For all labels ``c`` at once
    it is the sum over the frames in which ``c`` could begin. With ``n_t(g)`` and ``b_t(g)`` the probabilities that
    ``g`` is written up to frame ``t`` with a label or a blank last, and ``q_t = b_t(g) + n_t(g)``, or ``b_t(g)`` if
    ``c`` is the last label of ``g``::

        p_CTC(g c, ...) = sum_t q_{t-1} p_t(c)
        n_t(g c) = n_{t-1}(g c) p_t(c) + q_{t-1} p_t(c)
        b_t(g c) = (n_{t-1}(g c) + b_{t-1}(g c)) p_t(blank)

    Both recursions over the frames are sums over the past, taken in one op each
    (:func:`recipe.nn.cum_log_sum_exp`): RETURNN has no search with loops in a step. The state has ``log n`` and
    ``log b`` for all labels: [batch, time, labels] each.

    :param decoder: what is searched with; its encoder gives frames [batch, time, features]
    :param output: from frames to scores of all labels and, last, the blank
    :param scale: of CTC, from 0 to 1: a number, or a variable that a job gives
    :param end_in_ctc: whether CTC writes the end label, too. Else its probability is that of the labels before being
        all; it is one of CTC's labels that is never written, or the decoder's last label, where CTC has the blank
    :raises NetworkError: if the end label is neither
    """

    scores = "log_prob"

    def __init__(self, decoder: LabelDecoder, output: nn.Linear, scale: Any, *, end_in_ctc: bool = True):
        super().__init__(decoder.labels, decoder.end_label)
        size, whole = decoder.labels.known_size, output.out_dim.known_size
        self.has_all_labels = end_in_ctc or size is None or whole != size
        if not self.has_all_labels and decoder.end_label != decoder.labels.size - 1:
            raise nn.NetworkError(
                f"where CTC does not write the end label, it is the last one of {decoder.labels}, as CTC's blank is, "
                f"and not label {decoder.end_label}"
            )
        self.decoder, self.output, self.scale, self.end_in_ctc = decoder, output, scale, end_in_ctc

    def initial_state(self, encoder: nn.Tensor) -> DecoderState:
        """
        Nothing is written: up to each frame there were blanks only, whichever label is looked up.

        :param encoder: [batch, time, features]
        """
        only_blanks = self.frames_of(encoder).sum_of_blanks
        return {
            "decoder": dict(self.decoder.initial_state(encoder)),
            "with_label": nn.constant(_IMPOSSIBLE, [*only_blanks.dims, self.labels]),
            "with_blank": nn.expand(only_blanks, [self.labels]),
            "before": nn.zeros([nn.batch_dim]),
            "prefix": nn.zeros([nn.batch_dim, self.labels]),
        }

    def step(self, label: nn.Tensor, state: DecoderState, encoder: nn.Tensor) -> tuple[nn.Tensor, DecoderState]:
        """
        :param label: the label before, [batch]
        :param state: of the decoder, and the probabilities of all labels that could come before
        :param encoder: [batch, time, features]
        :return: log scores [batch, labels], and the new state
        """
        scores, decoder_state = self.decoder.log_probs(label, state["decoder"], encoder)
        frames, time = self.frames_of(encoder), encoder.spatial_dim
        each_label = nn.range_over(self.labels, like=scores)
        is_repeated = nn.compare("equal", each_label, nn.cast(label, "int32"), allow_broadcast_all_sources=True)
        after_blank = nn.gather(state["with_blank"], label, axis=self.labels)
        after_any = log_add(after_blank, nn.gather(state["with_label"], label, axis=self.labels))
        # a label can follow itself only after a blank
        begun = nn.where(is_repeated, *(nn.expand(x, [self.labels]) for x in (after_blank, after_any)))

        begun_before = nn.cum_log_sum_exp(begun - frames.sum_of_labels, axis=time, exclusive=True)
        with_label = frames.sum_of_labels + log_add(begun_before, state["before"])
        ended_before = nn.cum_log_sum_exp(with_label - frames.sum_of_blanks, axis=time, exclusive=True)
        with_blank = frames.sum_of_blanks + ended_before
        begins_later = last(nn.cum_log_sum_exp(begun + frames.next_labels, axis=time))
        prefix = log_add(begins_later, state["before"] + frames.first_labels)
        if self.end_in_ctc:
            whole = log_add(last(with_label), last(with_blank))
        else:
            whole = nn.expand(last(after_any), [self.labels])
        prefix = nn.where(each_label == self.end_label, whole, prefix)
        of_ctc = prefix - nn.gather(state["prefix"], label, axis=self.labels)
        return scores + (of_ctc - scores) * self.scale, {
            "decoder": dict(decoder_state),
            "with_label": with_label,
            "with_blank": with_blank,
            "before": nn.constant(_IMPOSSIBLE, [nn.batch_dim]),
            "prefix": prefix,
        }

    def frames_of(self, encoder: nn.Tensor) -> _CtcFrames:
        """
        CTC's log probabilities, and sums of them over the frames.

        :param encoder: [batch, time, features]
        """
        log_probs, time = nn.log_softmax(self.output(encoder)), encoder.spatial_dim
        if self.has_all_labels:
            of_label, of_blank = nn.split(log_probs, size_splits=[self.labels, 1])
            of_blank = nn.squeeze(of_blank, 1)
        else:  # the blank stands in the place of the end label, which no alignment has
            of_label = nn.replace_dim(log_probs, axis=log_probs.feature_dim, out_dim=self.labels)
            of_blank = nn.gather(log_probs, self.end_label, axis=log_probs.feature_dim)
        frame, length = nn.range_over(time, like=encoder), nn.length(time, like=encoder)
        is_last = nn.compare("greater_equal", frame + 1, length, allow_broadcast_all_sources=True)
        next_frame = nn.where(is_last, nn.expand(frame, [nn.batch_dim]), nn.expand(frame + 1, [nn.batch_dim]))
        next_labels = nn.gather(of_label, next_frame, axis=time)
        return _CtcFrames(
            sum_of_labels=nn.cum_sum(of_label, axis=time),
            sum_of_blanks=nn.cum_sum(of_blank, axis=time),
            first_labels=nn.gather(of_label, 0, axis=time),
            next_labels=nn.where(nn.expand(is_last, [self.labels]), _IMPOSSIBLE, next_labels),
        )


class JointCtcAttention(SequenceToSequence):
    """
    An encoder-decoder whose encoder is trained with CTC, too.

    Reads the input ``data``; in training also ``classes``, the target labels with the end label last.

    :param source: declaration of the input ``data``: [batch, time, ...]
    :param target: declaration of the targets ``classes``: labels with names [batch, time]
    :param encoder: from the source to frames, of which there are at least as many as labels; its ``out_dim`` says
        what features they have
    :param decoder: from frames to target labels
    :param ctc_scale: share of CTC in the training loss, and in a search that does not say its own
    :param kwargs: as for :class:`recipe.models.sequence_to_sequence.SequenceToSequence`
    """

    def __init__(
        self,
        source: nn.ExternData,
        target: nn.ExternData,
        encoder: nn.Module,
        decoder: LabelDecoder,
        *,
        ctc_scale: Any = 0.3,
        **kwargs: Any,
    ):
        super().__init__(source, target, encoder, decoder, **kwargs)
        self.ctc_output = nn.Linear(encoder.out_dim, with_blank(decoder.labels))  # type: ignore[attr-defined]
        self.ctc_scale = ctc_scale

    def forward(
        self, search: nn.BeamSearch | None = None, max_seq_len: int = 100, ctc_scale: Any = None
    ) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses of the decoder and ``ctc``
        :param max_seq_len: the most labels that a search gives
        :param ctc_scale: share of CTC in a search, if it is another than in training; a tuning may set it
        :return: in a search, the labels [batch, steps] of all hypotheses, best first
        """
        if search is None:
            return super().forward()
        scale = self.ctc_scale if ctc_scale is None else ctc_scale
        decoder = CtcPrefixScoring(self.decoder, self.ctc_output, scale)
        encoder = self.encoder(nn.get_extern_data(self.source))
        return decoder(encoder, search=search, max_seq_len=max_seq_len).labels

    def mark_losses(self, encoder: nn.Tensor, targets: nn.Tensor) -> None:
        """The losses of the decoder and ``ctc``, with their shares."""
        super().mark_losses(encoder, targets)
        nn.ctc_loss(self.ctc_output(encoder), targets).mark_as_loss("ctc", scale=self.ctc_scale)

    def loss_scale(self) -> Any:
        """What CTC leaves."""
        return 1.0 - self.ctc_scale


def last(x: nn.Tensor) -> nn.Tensor:
    """The last frame of each sequence: [batch, time, ...] as [batch, ...]."""
    return nn.gather(x, -1)


def log_add(a: nn.Tensor, b: nn.Tensor) -> nn.Tensor:
    """``log(exp(a) + exp(b))``."""
    return nn.maximum(a, b) + nn.softplus(-abs(a - b))
