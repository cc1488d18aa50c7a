"""What a trained CTC model says of each frame."""

from __future__ import annotations

from recipe import nn

from .ctc import CtcModel


class CtcPosteriors(nn.Module):
    """
    Log-probabilities of all labels and, last, of the blank, by the parameters of a :class:`CtcModel`.

    Its network is for :class:`jobs.forward.ForwardJob`, whose file :class:`jobs.ctc_alignment.CtcAlignmentJob` and
    :class:`jobs.ctc_prefix_search.CtcPrefixSearchJob` read.

    :param model: the trained one
    """

    def __init__(self, model: CtcModel):
        super().__init__()
        self.source, self.encoder, self.output = model.source, model.encoder, model.output

    def forward(self) -> nn.Tensor:
        """
        :return: [batch, time, labels + 1]
        """
        return nn.log_softmax(self.output(self.encoder(nn.get_extern_data(self.source))))
