"""
Text to text: German to English, on the phrases and sentences of a dictionary that Debian ships.

``py()`` is a demo of some minutes on 2 cores, ``full()`` a Transformer on all of the dictionary with BPE dropout, and
``own("directory", "de", "en")`` the demo on texts of your own. ``configs/translation_language_model.py`` adds a
language model. Either engine of RETURNN does: ``./sis manager 'configs/translation.py("torch")'``.
"""

from __future__ import annotations

from sisyphus import tk

from configs.translation_graph import (
    MAX_PIECES,
    Inputs,
    Texts,
    copied,
    dictionary,
    inputs_of,
    own_texts,
    register_scores,
    register_training,
    searched,
    training,
)
from jobs.experiment_page import experiment_page
from jobs.heat_maps import HeatMapsJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.subwords import END_INDEX
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

DEMO_RATES = [0.001, *[0.002] * 4, 0.001, 0.0005, 0.00025]
FULL_RATES = [0.0002, 0.0005, *[0.001] * 5, 0.0005, 0.0002, 0.0001]
SIZE = 1000
BEAM = nn.BeamSearch(6)


def py(engine: str = "tensorflow") -> None:
    """The demo: LSTMs with attention, on phrases and sentences."""
    name = named("translation/demo", engine)
    next_step = "./sis manager configs/translation_language_model.py adds a language model"
    demo(name, dictionary(), next_step=next_step, engine=engine)


def own(directory: str, source: str, target: str, engine: str = "tensorflow", size: int = SIZE) -> None:
    """
    The demo on texts of one's own: see :func:`configs.translation_graph.own_texts`.

    :param directory: where they are
    :param source: the ending of the names of the source texts, as "de"
    :param target: that of the target texts
    :param size: how many subwords each language has; a small text does not give many
    """
    next_step = "sizes and rates are in configs/translation.py"
    texts = own_texts(directory, source, target)
    demo(named("translation/own", engine), texts, next_step=next_step, engine=engine, size=size)


def demo(name: str, texts: Texts, *, next_step: str, engine: str = "tensorflow", size: int = SIZE) -> None:
    """Training, search and scores of the small model, beside those of the source as it is."""
    inputs = inputs_of(texts, size=size)
    model = small_model(inputs)
    experiment(name, texts, inputs, model, small_training(texts, inputs, model, engine=engine), next_step=next_step)
    tk.register_output(f"{name}/test/bleu_of_copied_source", copied(texts, "test").out_bleu)


def full(engine: str = "tensorflow", device: str = "cpu") -> None:
    """
    A Transformer on all of the dictionary, with BPE dropout: hours on 2 cores.

    :param device: "cpu" or "gpu"
    """
    texts = dictionary(words=True)
    inputs = inputs_of(texts, size=4000)
    model = transformer(inputs)
    train = training(model, texts, inputs, FULL_RATES, dropout=0.1, engine=engine, device=device, time_rqmt=24)
    next_step = "sizes and rates are in configs/translation.py"
    experiment(named("translation/full", engine), texts, inputs, model, train, next_step=next_step)


def named(name: str, engine: str) -> str:
    """The name of an experiment: with the engine, where that is not the default."""
    return name if engine == "tensorflow" else f"{name}_{engine}"


def experiment(
    name: str, texts: Texts, inputs: Inputs, model: SequenceToSequence, train: TrainingJob, *, next_step: str
) -> None:
    """Training, search and scores of both parts; outputs stand under ``output/NAME/``."""
    register_training(name, train)
    search, found = beam_search(model), {}
    checkpoint = train.out_checkpoints[train.num_epochs]
    for part in ("dev", "test"):
        found[part] = searched(texts, inputs, part, search, checkpoint)
        found[part].add_alias(f"{name}/search_{part}")
    hypotheses = {part: job.out_hypotheses for part, job in found.items()}
    scores = register_scores(name, texts, hypotheses, next_step=next_step)
    experiment_page(
        name,
        train,
        scores={},
        hypotheses={},
        job_ids={f"search {part}": job.job_id() for part, job in found.items()},
        heat_maps=HeatMapsJob(train.network, checkpoint, train.dev_data).out_heat_maps,
        values={f"{part} BLEU": job.out_bleu for part, job in scores.items()},
    )


def demo_inputs(texts: Texts) -> Inputs:
    """The subwords of the demo."""
    return inputs_of(texts, size=SIZE)


def small_model(inputs: Inputs, *, dim: int = 128, dropout: float = 0.1) -> SequenceToSequence:
    """
    LSTMs with attention.

    :param dim: of all layers
    """
    assert inputs.source.sparse_dim is not None and inputs.target.sparse_dim is not None
    encoder = BidirectionalLstmEncoder(
        inputs.source.sparse_dim, nn.Dim(dim // 2, "source_embedding"), nn.Dim(dim, "encoder_lstm"), dropout=dropout
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        inputs.target.sparse_dim,
        end_label=END_INDEX,
        embedding_dim=nn.Dim(dim // 2, "target_embedding"),
        lstm_dim=nn.Dim(dim, "decoder_lstm"),
        key_dim=nn.Dim(dim // 2, "key"),
        readout_dim=nn.Dim(dim, "readout"),
        dropout=dropout,
    )
    return SequenceToSequence(inputs.source, inputs.target, encoder, decoder, label_smoothing=0.1)


def small_training(
    texts: Texts, inputs: Inputs, model: SequenceToSequence, *, engine: str = "tensorflow"
) -> TrainingJob:
    """That of the demo."""
    return training(model, texts, inputs, DEMO_RATES, engine=engine)


def transformer(inputs: Inputs) -> SequenceToSequence:
    """Encoder and decoder of three layers each."""
    assert inputs.source.sparse_dim is not None and inputs.target.sparse_dim is not None
    dim, hidden_dim, heads = nn.Dim(256, "model"), nn.Dim(1024, "hidden"), nn.Dim(4, "heads")
    return SequenceToSequence(
        inputs.source,
        inputs.target,
        TransformerEncoder(inputs.source.sparse_dim, dim, hidden_dim, heads, num_layers=3),
        TransformerDecoder(inputs.target.sparse_dim, dim, hidden_dim, heads, end_label=END_INDEX, num_layers=3),
        label_smoothing=0.1,
    )


def beam_search(model: SequenceToSequence) -> nn.Network:
    """The network of a search."""
    return nn.Network(model, search=BEAM, max_seq_len=MAX_PIECES)
