"""A recogniser trained with connectionist temporal classification (Graves et al. 2006)."""

from __future__ import annotations

from recipe import nn

from .encoder import BidirectionalLstmEncoder
from .speech_encoder import SpeechEncoder

BLANK = "<blank>"
"""The name of the label that stands for nothing."""


def with_blank(labels: nn.Dim) -> nn.Dim:
    """
    The dim of the labels, which a job may give, and, last, the blank.

    :raises ValueError: if the labels have no names
    """
    if not labels.has_labels:
        raise ValueError(f"the labels {labels} have no names: nn.Dim(..., labels=[...])")
    if labels.delayed_labels is not None:
        size = labels.size if labels.delayed_size is None else labels.delayed_size.source
        return nn.Dim(size + 1, f"{labels.name}_and_blank", labels=labels.delayed_labels.source + [BLANK])
    assert labels.labels is not None
    return nn.Dim(labels.size + 1, f"{labels.name}_and_blank", labels=[*labels.labels, BLANK])


class CtcModel(nn.Module):
    """
    An encoder, and for each frame the scores of all labels and of the blank.

    Reads the input ``data``; in training also ``classes``, the labels without any end label.

    :param source: declaration of the input ``data``: [batch, time, features], or labels [batch, time]
    :param target: declaration of the targets ``classes``: labels [batch, positions]
    :param encoder: from the input to vectors
    """

    def __init__(self, source: nn.ExternData, target: nn.ExternData, encoder: SpeechEncoder | BidirectionalLstmEncoder):
        super().__init__()
        assert target.sparse_dim is not None
        self.source, self.target, self.encoder = source, target, encoder
        self.output = nn.Linear(encoder.out_dim, with_blank(target.sparse_dim))

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the loss ``ctc``
        :return: in a search, a label or blank for each frame [batch, steps], of all hypotheses, best first; what they
            stand for is found by :class:`jobs.ctc_collapse.CtcCollapseJob`
        """
        logits = self.output(self.encoder(nn.get_extern_data(self.source)))
        if search is None:
            nn.ctc_loss(logits, nn.get_extern_data(self.target)).mark_as_loss("ctc")
            return None
        with nn.Loop() as loop:
            return loop.stack(nn.choice(loop.unstack(logits), search=search))
