"""Labels to labels: an encoder, a decoder, and their training loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recipe import nn

from .label_decoder import LabelDecoder


class SequenceToSequence(nn.Module):
    """
    An attention encoder-decoder from one sequence to another.

    Reads the input ``data``; in training also ``classes``, the target labels with the end label last.

    :param source: declaration of the input ``data``: mostly labels [batch, time]
    :param target: declaration of the targets ``classes``: labels [batch, time]
    :param encoder: from the source to vectors
    :param decoder: from vectors to target labels
    :param label_smoothing: see :func:`recipe.nn.cross_entropy`
    :param loss: in place of cross entropy, a function of logits and targets such as :func:`recipe.nn.focal_loss`
    :param scheduled_sampling: see :meth:`recipe.models.label_decoder.LabelDecoder.forward`
    """

    def __init__(
        self,
        source: nn.ExternData,
        target: nn.ExternData,
        encoder: nn.Module,
        decoder: LabelDecoder,
        *,
        label_smoothing: float = 0.0,
        loss: Callable[[nn.Tensor, nn.Tensor], nn.Tensor] | None = None,
        scheduled_sampling: Any = 0.0,
    ):
        super().__init__()
        if loss is not None and label_smoothing:
            raise nn.NetworkError("label_smoothing is that of cross entropy, and cannot stand beside another loss")
        self.source, self.target = source, target
        self.encoder, self.decoder = encoder, decoder
        self.label_smoothing, self.loss, self.scheduled_sampling = label_smoothing, loss, scheduled_sampling

    def forward(self, search: nn.BeamSearch | None = None, max_seq_len: int = 100) -> nn.Tensor | None:
        """
        :param search: None for training, which marks the losses ``cross_entropy`` (or ``loss``) and ``frame_error``
        :param max_seq_len: the most labels that a search gives
        :return: in a search, the labels [batch, steps] of all hypotheses, best first
        """
        encoder = self.encoder(nn.get_extern_data(self.source))
        if search is not None:
            return self.decoder(encoder, search=search, max_seq_len=max_seq_len).labels
        self.mark_losses(encoder, nn.get_extern_data(self.target))
        return None

    def mark_losses(self, encoder: Any, targets: nn.Tensor) -> None:
        """
        :param encoder: what the encoder gives
        :param targets: labels [batch, steps]
        """
        logits = self.decoder(encoder, targets, scheduled_sampling=self.scheduled_sampling).logits
        if self.loss is not None:
            self.loss(logits, targets).mark_as_loss("loss", scale=self.loss_scale())
        else:
            loss = nn.cross_entropy(
                logits, targets, label_smoothing=self.label_smoothing, input_type=self.decoder.scores
            )
            loss.mark_as_loss("cross_entropy", scale=self.loss_scale())
        nn.frame_error(logits, targets).mark_as_loss("frame_error", as_error=True)

    def loss_scale(self) -> Any:
        """The decoder's share in the total loss."""
        return 1.0
