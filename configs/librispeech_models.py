"""The networks of the LibriSpeech systems, from their sizes."""

from __future__ import annotations

from configs.librispeech_sizes import Recogniser, Sizes
from recipe import nn
from recipe.data.subwords import END_INDEX
from recipe.models.conformer import ConformerEncoder
from recipe.models.ctc import CtcModel
from recipe.models.full_sum_transducer import FullSumTransducer
from recipe.models.fused_recogniser import FusedRecogniser
from recipe.models.language_model import LanguageModel, LstmLanguageModel, TransformerLanguageModel
from recipe.models.spec_augment import SpecAugment
from recipe.models.speech_attention import AttentionRecogniser
from recipe.models.topology import RNNT
from recipe.models.transformer import TransformerDecoder

TOPOLOGY = RNNT
"""Of the transducer."""


class Models:
    """
    The models; those that are searched with together share the dim of their labels.

    :param sizes: how large
    """

    def __init__(self, sizes: Sizes):
        self.sizes = sizes
        self.features = nn.Dim(sizes.mel, "features")
        self.source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), self.features])

    def targets(self, labels: nn.Dim) -> nn.ExternData:
        """What recognisers are trained on: labels without the end label."""
        return nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=labels)

    def encoder(self, recogniser: Recogniser) -> ConformerEncoder:
        """The encoder, with SpecAugment that begins when the training is under way."""
        size, (first, second) = self.sizes.conformer, self.sizes.mask_steps
        augmentation = SpecAugment(
            self.features,
            time_masks=10,
            time_width=100,
            longest_part=0.05,
            frequency_width=self.sizes.mel // 4,
            schedule={first: 0.5, second: 1.0},
        )
        return ConformerEncoder(
            self.features,
            nn.Dim(size.dim, "conformer"),
            nn.Dim(size.hidden, "conformer_hidden"),
            nn.Dim(size.heads, "conformer_heads"),
            num_layers=size.layers,
            strides=recogniser.strides,
            filter_size=size.filter_size,
            augmentation=augmentation,
            dropout=size.dropout,
        )

    def ctc(self, labels: nn.Dim) -> CtcModel:
        """Encoder and CTC output."""
        return CtcModel(self.source, self.targets(labels), self.encoder(self.sizes.ctc))

    def attention(self, labels: nn.Dim) -> AttentionRecogniser:
        """A Transformer decoder, with CTC beside it in training and search."""
        size, encoder = self.sizes.conformer, self.encoder(self.sizes.attention)
        decoder = TransformerDecoder(
            labels,
            encoder.out_dim,
            nn.Dim(size.hidden, "decoder_hidden"),
            nn.Dim(size.heads, "decoder_heads"),
            end_label=END_INDEX,
            num_layers=self.sizes.decoder_layers,
            dropout=size.dropout,
        )
        return AttentionRecogniser(
            self.source, self.targets(labels), encoder, decoder, ctc_scale=0.3, label_smoothing=0.1
        )

    def transducer(self, labels: nn.Dim) -> FullSumTransducer:
        """Trained on the sum over all alignments, with CTC beside."""
        embedding, prediction, joint = self.sizes.transducer
        return FullSumTransducer(
            self.source,
            self.targets(labels),
            self.encoder(self.sizes.transducer_training),
            embedding_dim=nn.Dim(embedding, "label_vector"),
            prediction_dim=nn.Dim(prediction, "prediction"),
            joint_dim=nn.Dim(joint, "joint"),
            topology=TOPOLOGY,
            dropout=self.sizes.conformer.dropout,
            ctc_scale=0.3,
        )

    def language_models(self, labels: nn.Dim) -> dict[str, LanguageModel]:
        """Both, by name."""
        text = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "text")], sparse_dim=labels)
        embedding, lstm, layers = self.sizes.lstm
        dim, hidden, heads, num_layers = self.sizes.transformer
        return {
            "lstm": LstmLanguageModel(
                text,
                end_label=END_INDEX,
                embedding_dim=nn.Dim(embedding, "label_vector"),
                lstm_dim=nn.Dim(lstm, "language_model"),
                num_layers=layers,
                dropout=0.1,
            ),
            "transformer": TransformerLanguageModel(
                text,
                nn.Dim(dim, "language_model"),
                nn.Dim(hidden, "language_model_hidden"),
                nn.Dim(heads, "language_model_heads"),
                end_label=END_INDEX,
                num_layers=num_layers,
            ),
        }

    def alignment_search(self, model: CtcModel | FullSumTransducer) -> nn.Network:
        """Best path of CTC, beam search of the transducer: what is found are labels and blanks."""
        beam = 1 if isinstance(model, CtcModel) else self.sizes.beam
        return nn.Network(model, search=nn.BeamSearch(beam, length_normalization=0.0))

    def attention_search(self, model: AttentionRecogniser) -> nn.Network:
        """With CTC beside the decoder."""
        search = nn.BeamSearch(self.sizes.beam, length_normalization=0.0)
        return nn.Network(model, search=search, max_seq_len=self.sizes.max_labels, joint_scale=self.sizes.joint_scale)

    def fused_search(
        self,
        model: AttentionRecogniser,
        language_model: LanguageModel,
        *,
        language_model_scale: float,
        internal_scale: float,
    ) -> nn.Network:
        """With a language model, too; see :class:`recipe.models.fused_recogniser.FusedRecogniser`."""
        return nn.Network(
            FusedRecogniser(model, language_model),
            search=nn.BeamSearch(self.sizes.beam, length_normalization=0.0),
            max_seq_len=self.sizes.max_labels,
            joint_scale=self.sizes.joint_scale,
            language_model_scale=language_model_scale,
            internal_scale=internal_scale or None,
        )
