"""Labels to labels: an encoder, a decoder, and their training loss."""

from __future__ import annotations

from recipe import nn

from .label_decoder import LabelDecoder


class SequenceToSequence(nn.Module):
    """
    An attention encoder-decoder from one label sequence to another.

    Reads the input ``data``; in training also ``classes``, the target labels with the end label last.

    :param source: declaration of the input ``data``: labels [batch, time]
    :param target: declaration of the targets ``classes``: labels [batch, time]
    :param encoder: from source labels to vectors
    :param decoder: from vectors to target labels
    :param label_smoothing: see :func:`recipe.nn.cross_entropy`
    """

    def __init__(
        self,
        source: nn.ExternData,
        target: nn.ExternData,
        encoder: nn.Module,
        decoder: LabelDecoder,
        *,
        label_smoothing: float = 0.0,
    ):
        super().__init__()
        self.source, self.target = source, target
        self.encoder, self.decoder = encoder, decoder
        self.label_smoothing = label_smoothing

    def forward(self, search: nn.BeamSearch | None = None, max_seq_len: int = 100) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses ``cross_entropy`` and ``frame_error``
        :param max_seq_len: the most labels that a search gives
        :return: in a search, the labels [batch, steps] of all hypotheses, best first
        """
        encoder = self.encoder(nn.get_extern_data(self.source))
        if search is not None:
            return self.decoder(encoder, search=search, max_seq_len=max_seq_len).labels
        targets = nn.get_extern_data(self.target)
        decoded = self.decoder(encoder, targets)
        loss = nn.cross_entropy(decoded.logits, targets, label_smoothing=self.label_smoothing)
        loss.mark_as_loss("cross_entropy")
        nn.frame_error(decoded.logits, targets).mark_as_loss("frame_error", as_error=True)
        return None
