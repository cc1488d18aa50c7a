"""The models of configs/speech_ru.py: what they read, one encoder, and what stands behind it."""

from __future__ import annotations

from typing import Any

from recipe import nn
from recipe.data.festvox import RUSSIAN_PHONES
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.ctc import CtcModel
from recipe.models.location_attention import LocationAttention
from recipe.models.spec_augment import SpecAugment
from recipe.models.speech_attention import AttentionRecogniser, with_end
from recipe.models.speech_encoder import SpeechLstmEncoder
from recipe.models.topology import RNA
from recipe.models.transducer import TransducerDecoder, TransducerModel

NUM_MEL, STACK = 40, 3
REAL: dict[str, Any] = {"lstm_dim": 160, "num_layers": 3, "dropout": 0.3}
"""The encoder of the real systems."""
TOPOLOGY = RNA


def inputs() -> tuple[nn.ExternData, nn.ExternData]:
    """The features and the phones."""
    stacked = nn.Dim(NUM_MEL * STACK, "features")
    phones = nn.Dim(RUSSIAN_PHONES.size, "phones", labels=RUSSIAN_PHONES.labels)
    return (
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), stacked]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=phones),
    )


def lstm_encoder(
    features: nn.Dim, *, lstm_dim: int, num_layers: int, dropout: float, masks: dict[int, float]
) -> SpeechLstmEncoder:
    """
    Its first layer sees 33 frames a second, the others half of them.

    :param masks: the part of SpecAugment's masks in use, by the first step of training
    """
    return SpeechLstmEncoder(
        features,
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        time_pooling=(2,),
        augmentation=SpecAugment(nn.Dim(NUM_MEL, "mel"), time_width=12, schedule=masks) if masks else None,
        input_dropout=0.1,
        dropout=dropout,
    )


def ctc_model(*, lstm_dim: int, num_layers: int, dropout: float, masks: dict[int, float] | None = None) -> CtcModel:
    """Encoder and CTC output."""
    source, target = inputs()
    encoder = lstm_encoder(
        source.dims[-1],
        lstm_dim=lstm_dim,
        num_layers=num_layers,
        dropout=dropout,
        masks={600: 0.5, 1200: 1.0} if masks is None else masks,
    )
    return CtcModel(source, target, encoder)


def attention_model(of: tuple[nn.ExternData, nn.ExternData] | None = None) -> AttentionRecogniser:
    """
    The same encoder with an attention decoder.

    :param of: the features and the phones, if other models read them, too
    """
    source, target = of or inputs()
    assert target.sparse_dim is not None
    encoder = lstm_encoder(source.dims[-1], masks={0: 0.5, 400: 1.0}, **REAL)
    lstm_dim = nn.Dim(192, "decoder_lstm")
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        with_end(target.sparse_dim),
        end_label=target.sparse_dim.size,
        embedding_dim=nn.Dim(64, "phone_embedding"),
        lstm_dim=lstm_dim,
        attention=LocationAttention(lstm_dim, encoder.out_dim, nn.Dim(128, "key")),
        readout_dim=nn.Dim(128, "readout"),
        dropout=0.3,
    )
    return AttentionRecogniser(source, target, encoder, decoder, label_smoothing=0.1)


def transducer_models() -> tuple[CtcModel, TransducerModel]:
    """The CTC system, and a transducer with an encoder like its, which has SpecAugment from the beginning."""
    aligner = ctc_model(**REAL)
    labels = aligner.output.out_dim
    encoder = lstm_encoder(aligner.source.dims[-1], masks={0: 0.5, 400: 1.0}, **REAL)
    decoder = TransducerDecoder(
        encoder.out_dim,
        labels,
        topology=TOPOLOGY,
        embedding_dim=nn.Dim(64, "phone_embedding"),
        slow_dim=nn.Dim(128, "slow_lstm"),
        fast_dim=nn.Dim(192, "fast_lstm"),
        dropout=0.3,
    )
    alignment = nn.ExternData("alignment", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels)
    return aligner, TransducerModel(aligner.source, alignment, encoder, decoder, label_smoothing=0.1)
