"""
Grapheme to phoneme on CMUdict: from letters to phones with an attention encoder-decoder.

``py()`` is a demo of some minutes, ``full()`` the real experiment of one to three hours on 2 cores, and ``tuned()`` the
same training with beam size and length normalisation tuned on the development words.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sisyphus import tk

from jobs.experiment_page import ExperimentPageJob
from jobs.lexicon import CmudictJob, LexiconToHdfJob
from jobs.optimal_parameters import tune
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.selected_network import SelectedNetwork
from jobs.summary import print_summary
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset
from recipe.models.attention_decoder import AttentionLstmDecoder
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence

BATCHES = {"batch_size": 100_000, "max_seqs": 200}
MAX_PHONES = 40
FULL_RATES = [0.001, *[0.002] * 5, 0.0014, 0.001, 0.0006, 0.0004, 0.0002, 0.0001]
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}


class Data(NamedTuple):
    """The lexica, and the training and development data as HDF files."""

    lexica: CmudictJob
    train: LexiconToHdfJob
    dev: LexiconToHdfJob


def py() -> None:
    """The demo: a small model, few epochs."""
    g2p = model(embedding_dim=64, lstm_dim=128, num_layers=1, dropout=0.1)
    experiment(
        "g2p/demo",
        training(g2p, [0.002, 0.002, 0.0007]),
        nn.Network(g2p, search=nn.BeamSearch(4), max_seq_len=MAX_PHONES),
        next_step="./sis manager configs/g2p.full trains the real model; sizes and rates are in configs/g2p.py",
    )


def full() -> None:
    """The real experiment."""
    g2p = full_model()
    experiment(
        "g2p/full",
        training(g2p, FULL_RATES),
        nn.Network(g2p, search=nn.BeamSearch(12), max_seq_len=MAX_PHONES),
        next_step="benchmarks/g2p_peers.py compares it with Phonetisaurus on the same words",
    )


def tuned() -> None:
    """The training of :func:`full`, searched with what is best on the development words."""
    g2p = full_model()
    train = training(g2p, FULL_RATES)

    def network(beam_size: int, length_normalization: float) -> nn.Network:
        search = nn.BeamSearch(beam_size, length_normalization=length_normalization)
        return nn.Network(g2p, search=search, max_seq_len=MAX_PHONES)

    def word_error_rate(one: nn.Network) -> tk.Variable:
        return recognition(train, one, cmudict_data().lexica.out_dev_lexicon)[1].out_wer

    tuning = tune(network, {"beam_size": [1, 4, 12, 24], "length_normalization": [0.0, 1.0]}, word_error_rate)
    tk.register_output("g2p/tuned/table.txt", tuning.optimum.out_table)
    experiment("g2p/tuned", train, tuning.network, next_step="output/g2p/tuned/table.txt has the whole grid")


def full_model() -> SequenceToSequence:
    """That of the real experiment."""
    return model(embedding_dim=128, lstm_dim=256, num_layers=2, dropout=0.2)


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


def training(g2p: SequenceToSequence, learning_rates: list[float]) -> TrainingJob:
    """
    :param learning_rates: one an epoch
    """
    data = cmudict_data()
    return TrainingJob(
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


def recognition(
    train: TrainingJob, search: nn.Network | SelectedNetwork, lexicon: tk.Path
) -> tuple[SearchJob, PronunciationScoringJob]:
    """Search with the last checkpoint, and its scores, on the words of a lexicon."""
    words = label_dataset(lexicon_hdf(lexicon, all_pronunciations=False).out_hdf, seq_ordering="sorted")
    found = SearchJob(search, train.out_checkpoints[train.num_epochs], words, config=BATCHES, post_config=THREADS)
    return found, PronunciationScoringJob(found.out_hypotheses, lexicon)


def experiment(name: str, train: TrainingJob, search: nn.Network | SelectedNetwork, *, next_step: str) -> None:
    """Training, search, scores and a page with all of it; outputs stand under ``output/NAME/``."""
    train.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", train.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", train.out_learning_curves)
    tk.register_output(f"{name}/learning_curves.txt", train.out_learning_curves_table)

    lexica = cmudict_data().lexica
    scores: dict[str, PronunciationScoringJob] = {}
    job_ids = {"training": train.job_id()}
    for part, lexicon in (("dev", lexica.out_dev_lexicon), ("test", lexica.out_test_lexicon)):
        found, scores[part] = recognition(train, search, lexicon)
        found.add_alias(f"{name}/search_{part}")
        job_ids[f"search {part}"] = found.job_id()
        tk.register_output(f"{name}/{part}/hypotheses.jsonl", found.out_hypotheses)
        tk.register_output(f"{name}/{part}/wer", scores[part].out_wer)
        tk.register_output(f"{name}/{part}/per", scores[part].out_per)
        tk.register_output(f"{name}/{part}/report.txt", scores[part].out_report_text)
    page = ExperimentPageJob(
        name,
        network=train.network,
        learning_curves=train.out_learning_curves,
        learning_curves_table=train.out_learning_curves_table,
        returnn_config=train.out_returnn_config_file,
        reports={part: job.out_report for part, job in scores.items()},
        alignments={part: job.out_alignments for part, job in scores.items()},
        job_ids=job_ids,
    )
    tk.register_output(f"{name}/experiment.html", page.out_page)
    tk.register_callback(print_summary, name, scores, next_step, has_page=True)


def cmudict_data() -> Data:
    """CMUdict with the split that peers are measured on; training has a sequence for each pronunciation."""
    lexica = CmudictJob()
    return Data(lexica, lexicon_hdf(lexica.out_train_lexicon), lexicon_hdf(lexica.out_dev_lexicon))


def lexicon_hdf(lexicon: tk.Path, *, all_pronunciations: bool = True) -> LexiconToHdfJob:
    """A lexicon as data for RETURNN."""
    arguments: dict[str, Any] = {"end_label": END_LABEL, "all_pronunciations": all_pronunciations}
    return LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, **arguments)
