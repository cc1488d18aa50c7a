"""
Grapheme to phoneme: from letters to phones, on CMUdict, and with one argument changed in German.

``py()`` is a demo of some minutes, ``full()`` the real experiment of one to three hours on 2 cores, and ``tuned()`` the
same training with beam size and length normalisation tuned on the development words. ``transformer()`` trains a
small Transformer and averages its checkpoints, ``ensemble()`` searches with it and the demo's model at once, and
``german()`` is the demo in German. The demo and the real experiment run on either engine of RETURNN:
``./sis manager 'configs/g2p.py("torch")'``, ``./sis manager 'configs/g2p.full("torch")'``.
"""

from __future__ import annotations

from sisyphus import tk

from configs.g2p_graph import (
    MAX_PHONES,
    Inputs,
    ensemble_searches,
    experiment,
    inputs_of,
    last_checkpoint,
    lexicon_data,
    recognition,
    searches,
    training,
)
from jobs.optimal_parameters import tune
from jobs.summary import print_next_step
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, PHONES
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

DEMO_RATES = [0.002, 0.002, 0.0007]
FULL_RATES = [0.001, *[0.002] * 5, 0.0014, 0.001, 0.0006, 0.0004, 0.0002, 0.0001]
TRANSFORMER_RATES = [0.0005, *[0.001] * 3, 0.0005, 0.0002]


def py(engine: str = "tensorflow") -> None:
    """The demo: a small model, few epochs."""
    real = "configs/g2p.full" if engine == "tensorflow" else f"'configs/g2p.full(\"{engine}\")'"
    demo(
        named("g2p/demo", engine),
        next_step=f"./sis manager {real} trains the real model; sizes and rates are in configs/g2p.py",
        engine=engine,
    )


def german() -> None:
    """The demo in German: nothing of it is made for one language."""
    demo("g2p/german", language="de", next_step="./sis manager configs/g2p.full has the real model, in English")


def demo(name: str, *, next_step: str, language: str = "en", engine: str = "tensorflow") -> None:
    """A small model, few epochs."""
    g2p = demo_model(inputs_of(language))
    train = training(g2p, DEMO_RATES, language=language, engine=engine)
    experiment(name, train, beam_search(g2p, 4), language=language, next_step=next_step)


def full(engine: str = "tensorflow") -> None:
    """The real experiment."""
    g2p = full_model(inputs_of())
    next_step = "benchmarks/g2p_peers.py compares it with Phonetisaurus on the same words"
    train = training(g2p, FULL_RATES, engine=engine)
    experiment(named("g2p/full", engine), train, beam_search(g2p, 12), next_step=next_step)


def named(name: str, engine: str) -> str:
    """The name of an experiment: with the engine, where that is not the default."""
    return name if engine == "tensorflow" else f"{name}_{engine}"


def tuned() -> None:
    """The training of :func:`full`, searched with what is best on the development words."""
    g2p = full_model(inputs_of())
    train = training(g2p, FULL_RATES)

    def network(beam_size: int, length_normalization: float) -> nn.Network:
        return beam_search(g2p, beam_size, length_normalization=length_normalization)

    def word_error_rate(one: nn.Network) -> tk.Variable:
        return recognition(train, one, lexicon_data().lexica.out_dev_lexicon)[1].out_wer

    tuning = tune(network, {"beam_size": [1, 4, 12, 24], "length_normalization": [0.0, 1.0]}, word_error_rate)
    tk.register_output("g2p/tuned/table.txt", tuning.optimum.out_table)
    experiment("g2p/tuned", train, tuning.network, next_step="output/g2p/tuned/table.txt has the whole grid")


def transformer() -> None:
    """A Transformer; searched with the average of its last checkpoints, beside the last one itself."""
    g2p = transformer_model(inputs_of())
    train = transformer_training(g2p)
    search = beam_search(g2p, 4)
    searches("g2p/transformer/last_checkpoint", last_checkpoint(train), search)
    next_step = "./sis manager configs/g2p.ensemble searches with it and the demo's model together"
    experiment("g2p/transformer", train, search, checkpoint=train.average_of_last(2), next_step=next_step)


def ensemble() -> None:
    """The model of :func:`py` and that of :func:`transformer`: each label by the mean of their probabilities."""
    inputs = inputs_of()
    lstm, attention = demo_model(inputs), transformer_model(inputs)
    checkpoints = [last_checkpoint(training(lstm, DEMO_RATES)), transformer_training(attention).average_of_last(2)]
    scores = ensemble_searches("g2p/ensemble", [lstm, attention], checkpoints, nn.BeamSearch(12))
    next_step = "Ensemble(weights=...) weights the models"
    tk.register_callback(print_next_step, next_step, [job.out_wer for job in scores.values()])


def beam_search(g2p: SequenceToSequence, beam_size: int, *, length_normalization: float = 1.0) -> nn.Network:
    """The network of a search."""
    search = nn.BeamSearch(beam_size, length_normalization=length_normalization)
    return nn.Network(g2p, search=search, max_seq_len=MAX_PHONES)


def demo_model(inputs: Inputs) -> SequenceToSequence:
    """That of the demo."""
    return model(inputs, embedding_dim=64, lstm_dim=128, num_layers=1, dropout=0.1)


def full_model(inputs: Inputs) -> SequenceToSequence:
    """That of the real experiment."""
    return model(inputs, embedding_dim=128, lstm_dim=256, num_layers=2, dropout=0.2)


def model(inputs: Inputs, *, embedding_dim: int, lstm_dim: int, num_layers: int, dropout: float) -> SequenceToSequence:
    """The encoder-decoder of LSTMs with attention from letters to phones."""
    encoder = BidirectionalLstmEncoder(
        inputs.letters,
        nn.Dim(embedding_dim, "letter_embedding"),
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        dropout=dropout,
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        inputs.phones,
        end_label=PHONES.index(END_LABEL),
        embedding_dim=nn.Dim(embedding_dim, "phone_embedding"),
        lstm_dim=nn.Dim(lstm_dim, "decoder_lstm"),
        key_dim=nn.Dim(lstm_dim // 2, "key"),
        readout_dim=nn.Dim(lstm_dim, "readout"),
        dropout=dropout,
    )
    return SequenceToSequence(inputs.source, inputs.target, encoder, decoder, label_smoothing=0.1)


def transformer_model(inputs: Inputs) -> SequenceToSequence:
    """Encoder and decoder of two layers each."""
    dim, hidden_dim, heads = nn.Dim(128, "model"), nn.Dim(512, "hidden"), nn.Dim(4, "heads")
    return SequenceToSequence(
        inputs.source,
        inputs.target,
        TransformerEncoder(inputs.letters, dim, hidden_dim, heads, num_layers=2),
        TransformerDecoder(inputs.phones, dim, hidden_dim, heads, end_label=PHONES.index(END_LABEL), num_layers=2),
        label_smoothing=0.1,
    )


def transformer_training(g2p: SequenceToSequence) -> TrainingJob:
    """That of :func:`transformer`."""
    return training(g2p, TRANSFORMER_RATES)
