"""
One decoder in four experiments, on a tenth of CMUdict: ``decoder()`` is written once, and nothing of it is copied.

- ``lstm()``: trained and searched with an encoder of LSTMs
- ``transformer()``: with another encoder
- ``fusion()``: with a language model beside it, whose scale, and that of what the decoder knows of a language itself,
  are tuned on the development words
- ``rescoring()``: the n-best lists of the first by the second, and both as an ensemble

``py()`` is all of them.
"""

from __future__ import annotations

from sisyphus import tk

from configs.g2p_graph import (
    BATCHES,
    MAX_PHONES,
    THREADS,
    Inputs,
    ensemble_searches,
    experiment,
    inputs_of,
    last_checkpoint,
    lexicon_data,
    lexicon_hdf,
    recognition,
    searches,
    training,
)
from jobs.combine_checkpoints import combined_checkpoint
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.rescoring import RescoringJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, PHONES
from recipe.data.dataset import label_dataset
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.fusion import InternalLanguageModel, LanguageModelSubtraction, ShallowFusion
from recipe.models.label_decoder import LabelDecoder
from recipe.models.language_model import LstmLanguageModel
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerEncoder

LANGUAGE = "en_tenth"
RATES = [0.002] * 6 + [0.001, 0.0005]
BEAM = nn.BeamSearch(8)


def py() -> None:
    """All four."""
    for one in (lstm, transformer, fusion, rescoring):
        one()


def lstm() -> None:
    """Trained, and searched."""
    model = lstm_model(inputs_of(LANGUAGE))
    next_step = "./sis manager configs/one_decoder.fusion adds a language model"
    experiment("one_decoder/lstm", train(model), search(model), language=LANGUAGE, next_step=next_step)


def transformer() -> None:
    """The same decoder with another encoder."""
    model = transformer_model(inputs_of(LANGUAGE))
    next_step = "./sis manager configs/one_decoder.rescoring uses it together with that of LSTMs"
    experiment("one_decoder/transformer", train(model), search(model), language=LANGUAGE, next_step=next_step)


def fusion() -> None:
    """The model of :func:`lstm` with a language model; both scales are tuned."""
    inputs = inputs_of(LANGUAGE)
    model, language_model = lstm_model(inputs), phone_language_model(inputs)

    def network(scale: float, internal_scale: float) -> nn.Network:
        internal = InternalLanguageModel(model.decoder)
        without = LanguageModelSubtraction(model.decoder, internal, internal_scale)
        return search(with_decoder(model, ShallowFusion(without, language_model, scale)))

    of_model = {"encoder/": "encoder/", "decoder/decoder/decoder/": "decoder/"}
    parts = [
        Preload(last_checkpoint(train(model)), name_map=of_model),
        Preload(last_checkpoint(train(language_model)), name_map={"decoder/language_model/": ""}),
    ]
    both = combined_checkpoint(network(0.2, 0.2), parts)

    def word_error_rate(one: nn.Network) -> tk.Variable:
        return recognition(both, one, lexicon_data(LANGUAGE).lexica.out_dev_lexicon, LANGUAGE)[1].out_wer

    grid = {"scale": [0.0, 0.2, 0.4], "internal_scale": [0.0, 0.2]}
    tuning = tune(network, grid, word_error_rate)
    tk.register_output("one_decoder/fusion/table.txt", tuning.optimum.out_table)
    searches("one_decoder/fusion", both, tuning.network, language=LANGUAGE)


def rescoring() -> None:
    """Two ways to use two trainings together."""
    inputs = inputs_of(LANGUAGE)
    models = lstm_model(inputs), transformer_model(inputs)
    checkpoints = [last_checkpoint(train(model)) for model in models]
    lexicon = lexicon_data(LANGUAGE).lexica.out_test_lexicon
    words = label_dataset(lexicon_hdf(lexicon, LANGUAGE, all_pronunciations=False).out_hdf, seq_ordering="sorted")
    found, _ = recognition(checkpoints[0], search(models[0]), lexicon, LANGUAGE)
    rescored = RescoringJob(
        nn.Network(models[1]),
        checkpoints[1],
        found.out_hypotheses,
        words,
        end_label=END_LABEL,
        config=BATCHES,
        post_config=THREADS,
    )
    tk.register_output(
        "one_decoder/rescoring/test/wer", PronunciationScoringJob(rescored.out_hypotheses, lexicon).out_wer
    )

    ensemble_searches("one_decoder/ensemble", models, checkpoints, BEAM, language=LANGUAGE)


def decoder(inputs: Inputs, encoder_dim: nn.Dim) -> AttentionLstmDecoder:
    """The decoder of all experiments."""
    lstm_dim = nn.Dim(128, "decoder_lstm")
    return AttentionLstmDecoder(
        encoder_dim,
        inputs.phones,
        end_label=PHONES.index(END_LABEL),
        embedding_dim=nn.Dim(64, "phone_embedding"),
        lstm_dim=lstm_dim,
        key_dim=nn.Dim(64, "key"),
        readout_dim=nn.Dim(128, "readout"),
        dropout=0.1,
    )


def lstm_model(inputs: Inputs) -> SequenceToSequence:
    """With an encoder of LSTMs."""
    encoder = BidirectionalLstmEncoder(
        inputs.letters, nn.Dim(64, "letter_embedding"), nn.Dim(128, "encoder_lstm"), dropout=0.1
    )
    return model_of(inputs, encoder, decoder(inputs, encoder.out_dim))


def transformer_model(inputs: Inputs) -> SequenceToSequence:
    """With an encoder of self-attention."""
    dims = nn.Dim(128, "model"), nn.Dim(256, "hidden"), nn.Dim(4, "heads")
    encoder = TransformerEncoder(inputs.letters, *dims, num_layers=2)
    return model_of(inputs, encoder, decoder(inputs, encoder.out_dim))


def phone_language_model(inputs: Inputs) -> LstmLanguageModel:
    """Trained on the targets of the recognisers."""
    return LstmLanguageModel(
        inputs.target,
        end_label=PHONES.index(END_LABEL),
        embedding_dim=nn.Dim(64, "phone_embedding"),
        lstm_dim=nn.Dim(128, "language_model"),
        dropout=0.1,
    )


def model_of(inputs: Inputs, encoder: nn.Module, label_decoder: LabelDecoder) -> SequenceToSequence:
    """An encoder and a decoder."""
    return SequenceToSequence(inputs.source, inputs.target, encoder, label_decoder, label_smoothing=0.1)


def with_decoder(model: SequenceToSequence, label_decoder: LabelDecoder) -> SequenceToSequence:
    """The same encoder with what is around its decoder."""
    return SequenceToSequence(model.source, model.target, model.encoder, label_decoder)


def train(model: nn.Module) -> TrainingJob:
    """The training of a recogniser, or of the language model."""
    return training(model, RATES, language=LANGUAGE)


def search(model: SequenceToSequence) -> nn.Network:
    """The search network of a recogniser."""
    return nn.Network(model, search=BEAM, max_seq_len=MAX_PHONES)
