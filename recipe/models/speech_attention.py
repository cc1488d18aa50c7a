"""A recogniser that attends to the encoder, helped by connectionist temporal classification in training."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from recipe import nn

from .ctc import with_blank
from .ensemble import Ensemble
from .joint_ctc import CtcPrefixScoring
from .label_decoder import LabelDecoder
from .speech_encoder import SpeechEncoder

END_LABEL = "</s>"
"""The name of the label that ends a sequence."""


@functools.cache
def with_end(labels: nn.Dim) -> nn.Dim:
    """
    The dim of the labels and, last, the end label; one for all who ask with the same labels.

    :raises ValueError: if the labels have no names
    """
    if labels.labels is None:
        raise ValueError(f"the labels {labels} have no names: nn.Dim(..., labels=[...])")
    return nn.Dim(labels.size + 1, f"{labels.name}_and_end", labels=[*labels.labels, END_LABEL])


class AttentionRecogniser(nn.Module):
    """
    Encoder and attention decoder, trained on the decoder's cross entropy and on CTC of the encoder (Watanabe et al.
    2017), which keeps the encoder's frames in the order of the labels.

    Reads the input ``data``; in training also ``classes``, the labels without any end label.

    :param source: declaration of the input ``data``: [batch, time, features]
    :param target: declaration of the targets ``classes``: labels [batch, positions]
    :param encoder: from features to vectors
    :param decoder: from vectors to labels of ``with_end(labels)``, or to those of the targets, if the end label is one
        of them, as in a SentencePiece vocabulary
    :param ctc_scale: factor of the CTC loss
    :param label_smoothing: see :func:`recipe.nn.cross_entropy`
    """

    def __init__(
        self,
        source: nn.ExternData,
        target: nn.ExternData,
        encoder: SpeechEncoder,
        decoder: LabelDecoder,
        *,
        ctc_scale: float = 0.5,
        label_smoothing: float = 0.0,
    ):
        super().__init__()
        assert target.sparse_dim is not None
        self.source, self.target, self.encoder, self.decoder = source, target, encoder, decoder
        self.ctc = nn.Linear(encoder.out_dim, with_blank(target.sparse_dim))
        self.ctc_scale, self.label_smoothing = ctc_scale, label_smoothing

    def forward(
        self, search: nn.BeamSearch | None = None, max_seq_len: int = 200, joint_scale: Any = None
    ) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses ``cross_entropy``, ``ctc`` and ``frame_error``
        :param max_seq_len: the most labels that a search gives
        :param joint_scale: share of CTC in the scores of a search, see
            :class:`recipe.models.joint_ctc.CtcPrefixScoring`; default: the decoder alone
        :return: in a search, the labels [batch, steps] of all hypotheses, best first
        """
        encoder = self.encoder(nn.get_extern_data(self.source))
        if search is not None:
            return self.search_decoder(joint_scale)(encoder, search=search, max_seq_len=max_seq_len).labels
        labels = nn.get_extern_data(self.target)
        nn.ctc_loss(self.ctc(encoder), labels).mark_as_loss("ctc", scale=self.ctc_scale)
        targets = nn.cast(labels, "int32", sparse_dim=self.decoder.labels)
        targets = nn.postfix_in_time(targets, self.decoder.end_label)
        logits = self.decoder(encoder, targets).logits
        loss = nn.cross_entropy(logits, targets, label_smoothing=self.label_smoothing)
        loss.mark_as_loss("cross_entropy")
        nn.frame_error(logits, targets).mark_as_loss("frame_error", as_error=True)
        return None

    def search_decoder(self, joint_scale: Any = None) -> LabelDecoder:
        """
        The decoder, with CTC beside it.

        :param joint_scale: as for :meth:`forward`
        """
        if joint_scale is None:
            return self.decoder
        return CtcPrefixScoring(self.decoder, self.ctc, joint_scale, end_in_ctc=False)


class RecogniserEnsemble(nn.Module):
    """
    Several recognisers that search together, each with its own encoder and CTC: see
    :class:`recipe.models.ensemble.Ensemble`.

    :param members: recognisers with the same inputs, trained each for itself
    """

    def __init__(self, members: Sequence[AttentionRecogniser]):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, search: nn.BeamSearch, max_seq_len: int = 200, joint_scale: Any = None) -> nn.Tensor:
        """
        :param search: how to search
        :param max_seq_len: the most labels that a search gives
        :param joint_scale: as for :class:`AttentionRecogniser`
        :return: the labels [batch, steps] of all hypotheses, best first
        """
        features = nn.get_extern_data(self.members[0].source)
        decoder = Ensemble([member.search_decoder(joint_scale) for member in self.members], mean="log_prob")
        encoders = tuple(member.encoder(features) for member in self.members)
        return decoder(encoders, search=search, max_seq_len=max_seq_len).labels
