"""
Grapheme to phoneme on CMUdict: from letters to phones with an attention encoder-decoder.

``py()`` is a demo of some minutes, ``full()`` the real experiment of one to three hours on 2 cores.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sisyphus import tk

from jobs.lexicon import CmudictJob, LexiconToHdfJob
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.summary import print_summary
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence

BATCHES = {"batch_size": 100_000, "max_seqs": 200}
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}


class Data(NamedTuple):
    """The lexica, and the training and development data as HDF files."""

    lexica: CmudictJob
    train: LexiconToHdfJob
    dev: LexiconToHdfJob


def py() -> None:
    """The demo: a small model, few epochs."""
    experiment(
        "g2p/demo",
        model(embedding_dim=64, lstm_dim=128, num_layers=1, dropout=0.1),
        learning_rates=[0.002, 0.002, 0.0007],
        beam_size=4,
        next_step="./sis manager configs/g2p.full trains the real model; sizes and rates are in configs/g2p.py",
    )


def full() -> None:
    """The real experiment."""
    experiment(
        "g2p/full",
        model(embedding_dim=128, lstm_dim=256, num_layers=2, dropout=0.2),
        learning_rates=[0.001, *[0.002] * 5, 0.0014, 0.001, 0.0006, 0.0004, 0.0002, 0.0001],
        beam_size=12,
        next_step="benchmarks/g2p_peers.py compares it with Phonetisaurus on the same words",
    )


def model(*, embedding_dim: int, lstm_dim: int, num_layers: int, dropout: float) -> SequenceToSequence:
    """The encoder-decoder from letters to phones."""
    letters = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    phones = nn.Dim(PHONES.size, "phones", labels=PHONES.labels)
    encoder = BidirectionalLstmEncoder(
        letters,
        nn.Dim(embedding_dim, "letter_embedding"),
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        dropout=dropout,
    )
    decoder = AttentionLstmDecoder(
        encoder.out_dim,
        phones,
        end_label=PHONES.index(END_LABEL),
        embedding_dim=nn.Dim(embedding_dim, "phone_embedding"),
        lstm_dim=nn.Dim(lstm_dim, "decoder_lstm"),
        key_dim=nn.Dim(lstm_dim // 2, "key"),
        readout_dim=nn.Dim(lstm_dim, "readout"),
        dropout=dropout,
    )
    return SequenceToSequence(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones),
        encoder,
        decoder,
        label_smoothing=0.1,
    )


def experiment(
    name: str, g2p: SequenceToSequence, *, learning_rates: list[float], beam_size: int, next_step: str
) -> None:
    """Data, training, search and scores; outputs stand under ``output/NAME/``."""
    data = cmudict_data()
    training = TrainingJob(
        nn.Network(g2p),
        label_dataset(data.train.out_hdf, seq_ordering="laplace:.2000"),
        label_dataset(data.dev.out_hdf, seq_ordering="sorted"),
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 2.0,
        },
        post_config=THREADS,
        num_epochs=len(learning_rates),
        keep_epochs={len(learning_rates)},
    )
    training.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", training.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", training.out_learning_curves)
    tk.register_output(f"{name}/learning_curves.txt", training.out_learning_curves_table)

    search = nn.Network(g2p, search=nn.BeamSearch(beam_size), max_seq_len=40)
    checkpoint = training.out_checkpoints[len(learning_rates)]
    scores: dict[str, PronunciationScoringJob] = {}
    for part, lexicon in (("dev", data.lexica.out_dev_lexicon), ("test", data.lexica.out_test_lexicon)):
        words = lexicon_hdf(lexicon, all_pronunciations=False).out_hdf
        found = SearchJob(
            search, checkpoint, label_dataset(words, seq_ordering="sorted"), config=BATCHES, post_config=THREADS
        )
        found.add_alias(f"{name}/search_{part}")
        scores[part] = PronunciationScoringJob(found.out_hypotheses, lexicon)
        tk.register_output(f"{name}/{part}/hypotheses.jsonl", found.out_hypotheses)
        tk.register_output(f"{name}/{part}/wer", scores[part].out_wer)
        tk.register_output(f"{name}/{part}/per", scores[part].out_per)
        tk.register_output(f"{name}/{part}/report.txt", scores[part].out_report_text)
    tk.register_callback(print_summary, name, scores, next_step)


def cmudict_data() -> Data:
    """CMUdict with the split that peers are measured on; training has a sequence for each pronunciation."""
    lexica = CmudictJob()
    return Data(lexica, lexicon_hdf(lexica.out_train_lexicon), lexicon_hdf(lexica.out_dev_lexicon))


def lexicon_hdf(lexicon: tk.Path, *, all_pronunciations: bool = True) -> LexiconToHdfJob:
    """A lexicon as data for RETURNN."""
    arguments: dict[str, Any] = {"end_label": END_LABEL, "all_pronunciations": all_pronunciations}
    return LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, **arguments)
