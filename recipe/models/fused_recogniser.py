"""A recogniser that searches with a language model beside its decoder and its CTC output."""

from __future__ import annotations

from typing import Any

from recipe import nn

from .fusion import InternalLanguageModel, LanguageModelSubtraction, ShallowFusion
from .language_model import LanguageModel
from .speech_attention import AttentionRecogniser


class FusedRecogniser(nn.Module):
    """
    An attention recogniser and a language model in one search; each was trained for itself::

        (1 - j) log p(label) + j log p_CTC(label) - i log p_internal(label) + s log p_LM(label)

    with the scales j of CTC, i of the decoder's internal language model and s of the language model.

    :param recogniser: the recogniser
    :param language_model: over the same labels, with the same end label
    """

    def __init__(self, recogniser: AttentionRecogniser, language_model: LanguageModel):
        super().__init__()
        self.recogniser, self.language_model = recogniser, language_model

    def forward(
        self,
        search: nn.BeamSearch,
        max_seq_len: Any = 200,
        joint_scale: Any = None,
        language_model_scale: Any = 0.0,
        internal_scale: Any = None,
    ) -> nn.Tensor:
        """
        :param search: how to search
        :param max_seq_len: the most labels that a search gives
        :param joint_scale: j; None: without CTC
        :param language_model_scale: s
        :param internal_scale: i; None: nothing is subtracted, and nothing computed for it
        :return: the labels [batch, steps] of all hypotheses, best first
        """
        encoder = self.recogniser.encoder(nn.get_extern_data(self.recogniser.source))
        decoder = self.recogniser.search_decoder(joint_scale)
        if internal_scale is not None:
            internal = InternalLanguageModel(self.recogniser.decoder)
            decoder = LanguageModelSubtraction(decoder, internal, internal_scale)
        decoder = ShallowFusion(decoder, self.language_model, language_model_scale)
        return decoder(encoder, search=search, max_seq_len=max_seq_len).labels
