"""
Grapheme to phoneme on CMUdict with a transducer, trained on alignments of a CTC model.

Each letter stands twice in the input, so that a word has room for its phones. ``py()`` is a demo, ``full()`` the real
experiment.
"""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from configs.g2p_graph import BATCHES, THREADS, last_checkpoint, training_on
from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.ctc_alignment import align_with_ctc
from jobs.lexicon import CmudictJob, LexiconToHdfJob
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.summary import print_next_step
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES
from recipe.data.dataset import aligned_dataset, label_dataset
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.topology import RNA
from recipe.models.transducer import TransducerDecoder, TransducerModel

TOPOLOGY = RNA
PHONES_ALONE = PHONES.labels[1:]
"""Without the end label: a transducer ends with the letters."""


def py() -> None:
    """The demo: small models, few epochs."""
    ctc, transducer = models(embedding_dim=64, lstm_dim=128, num_layers=1, dropout=0.1)
    experiment("g2p_transducer/demo", ctc, [0.002] * 2, transducer, [0.002, 0.002, 0.0007])


def full() -> None:
    """The real experiment."""
    ctc, transducer = models(embedding_dim=128, lstm_dim=256, num_layers=2, dropout=0.2)
    rates = [*[0.002] * 5, 0.0014, 0.001, 0.0006, 0.0004, 0.0002, 0.0001]
    experiment("g2p_transducer/full", ctc, [0.002] * 3, transducer, rates)


def models(*, embedding_dim: int, lstm_dim: int, num_layers: int, dropout: float) -> tuple[CtcModel, TransducerModel]:
    """Both with the same encoder; its parameters are those of each network."""
    letters = nn.Dim(LETTERS.size, "letters", labels=LETTERS.labels)
    phones = nn.Dim(len(PHONES_ALONE), "phones", labels=PHONES_ALONE)
    source = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters)
    target = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones)
    encoder = BidirectionalLstmEncoder(
        letters,
        nn.Dim(embedding_dim, "letter_embedding"),
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        dropout=dropout,
    )
    ctc = CtcModel(source, target, encoder)
    labels = ctc.output.out_dim
    decoder = TransducerDecoder(
        encoder.out_dim,
        labels,
        topology=TOPOLOGY,
        embedding_dim=nn.Dim(embedding_dim, "phone_embedding"),
        slow_dim=nn.Dim(lstm_dim, "slow_lstm"),
        fast_dim=nn.Dim(lstm_dim, "fast_lstm"),
        dropout=dropout,
    )
    alignment = nn.ExternData("alignment", [nn.batch_dim, nn.Dim(None, "steps")], sparse_dim=labels)
    return ctc, TransducerModel(source, alignment, encoder, decoder, label_smoothing=0.1)


def experiment(
    name: str,
    ctc: CtcModel,
    ctc_learning_rates: list[float],
    transducer: TransducerModel,
    learning_rates: list[float],
) -> None:
    """Training of CTC, alignments by it, training of the transducer on them, search and scores."""
    lexica = CmudictJob()
    data = {"train": lexicon_hdf(lexica.out_train_lexicon), "dev": lexicon_hdf(lexica.out_dev_lexicon)}
    first = training_on(
        label_dataset(data["train"], seq_ordering="laplace:.2000"),
        label_dataset(data["dev"], seq_ordering="sorted"),
        nn.Network(ctc),
        ctc_learning_rates,
    )
    checkpoint = last_checkpoint(first)
    alignments = {
        part: align_with_ctc(
            ctc, checkpoint, hdf, topology=TOPOLOGY, skip_too_long=True, config=BATCHES, post_config=THREADS
        )
        for part, hdf in data.items()
    }
    second = training_on(
        aligned_dataset(data["train"], alignments["train"].out_hdf, seq_ordering="laplace:.2000"),
        aligned_dataset(data["dev"], alignments["dev"].out_hdf, seq_ordering="sorted"),
        nn.Network(transducer),
        learning_rates,
        preload=[Preload(checkpoint, name_map={"encoder/": "encoder/"})],
    )
    for step, job in {"ctc": first, "training": second}.items():
        job.add_alias(f"{name}/{step}")
        tk.register_output(f"{name}/{step}/learning_rates", job.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", second.out_learning_curves)
    tk.register_output(f"{name}/alignments.json", alignments["train"].out_report)
    scores = {
        part: recognition(f"{name}/{part}", transducer, second, lexicon)
        for part, lexicon in (("dev", lexica.out_dev_lexicon), ("test", lexica.out_test_lexicon))
    }
    next_step = "./sis manager configs/g2p_transducer.full trains larger models"
    tk.register_callback(print_next_step, next_step, [job.out_wer for job in scores.values()])


def recognition(name: str, model: TransducerModel, train: TrainingJob, lexicon: tk.Path) -> PronunciationScoringJob:
    """The best phones of each word of a lexicon, and their score."""
    search = SearchJob(
        nn.Network(model, search=nn.BeamSearch(8, length_normalization=0.0)),
        last_checkpoint(train),
        label_dataset(lexicon_hdf(lexicon, all_pronunciations=False), seq_ordering="sorted"),
        config=BATCHES,
        post_config=THREADS,
    )
    phones = CollapseAlignmentJob(search.out_hypotheses, topology=TOPOLOGY, blank=BLANK)
    score = PronunciationScoringJob(phones.out_hypotheses, lexicon)
    tk.register_output(f"{name}/hypotheses.jsonl", phones.out_hypotheses)
    tk.register_output(f"{name}/wer", score.out_wer)
    tk.register_output(f"{name}/per", score.out_per)
    tk.register_output(f"{name}/report.txt", score.out_report_text)
    return score


def lexicon_hdf(lexicon: tk.Path, *, all_pronunciations: bool = True) -> tk.Path:
    """A lexicon as data for RETURNN, each letter twice."""
    arguments: dict[str, Any] = {"end_label": None, "all_pronunciations": all_pronunciations, "letter_copies": 2}
    return LexiconToHdfJob(lexicon, LETTERS.labels, PHONES_ALONE, **arguments).out_hdf
