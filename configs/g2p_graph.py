"""
What the letters-to-phones experiments have in common: languages, data, training, recognition, and what they register.

The experiments themselves are in ``configs/g2p.py``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.combine_checkpoints import combined_checkpoint
from jobs.experiment_page import experiment_page
from jobs.heat_maps import HeatMapsJob
from jobs.lexicon import CmudictJob, GruutLexiconJob, LexiconJob, LexiconToHdfJob
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.selected_network import SelectedNetwork
from jobs.summary import print_next_step
from jobs.training import TrainingJob
from recipe import nn
from recipe.data import cmudict, gruut
from recipe.data.cmudict import END_LABEL
from recipe.data.dataset import label_dataset
from recipe.data.vocabulary import Vocabulary
from recipe.models.ensemble import Encoders, Ensemble
from recipe.models.sequence_to_sequence import SequenceToSequence

BATCHES = {"batch_size": 100_000, "max_seqs": 200}
MAX_PHONES = 40
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}


class Language(NamedTuple):
    """Letters, phones and pronunciations of a language."""

    letters: Vocabulary
    phones: Vocabulary
    lexica: Callable[[], LexiconJob]


LANGUAGES = {
    "en": Language(cmudict.LETTERS, cmudict.PHONES, CmudictJob),
    "en_tenth": Language(cmudict.LETTERS, cmudict.PHONES, functools.partial(CmudictJob, only_tenth=True)),
    "de": Language(gruut.LETTERS, gruut.PHONES, GruutLexiconJob),
}


class Data(NamedTuple):
    """The lexica, and the training and development data as HDF files."""

    lexica: LexiconJob
    train: LexiconToHdfJob
    dev: LexiconToHdfJob


class Inputs(NamedTuple):
    """The declarations of what the networks of a language read; one for all that are searched with together."""

    letters: nn.Dim
    phones: nn.Dim
    source: nn.ExternData
    target: nn.ExternData


def inputs_of(language: str = "en") -> Inputs:
    """Letters as ``data``, phones with the end label as ``classes``."""
    given = LANGUAGES[language]
    letters = nn.Dim(given.letters.size, "letters", labels=given.letters.labels)
    phones = nn.Dim(given.phones.size, "phones", labels=given.phones.labels)
    return Inputs(
        letters,
        phones,
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones),
    )


def lexicon_data(language: str = "en") -> Data:
    """The lexicon of a language in its three parts; training has a sequence for each pronunciation."""
    lexica = LANGUAGES[language].lexica()
    train, dev = (lexicon_hdf(lexicon, language) for lexicon in (lexica.out_train_lexicon, lexica.out_dev_lexicon))
    return Data(lexica, train, dev)


def lexicon_hdf(lexicon: tk.Path, language: str = "en", *, all_pronunciations: bool = True) -> LexiconToHdfJob:
    """A lexicon as data for RETURNN."""
    arguments: dict[str, Any] = {"end_label": END_LABEL, "all_pronunciations": all_pronunciations}
    letters, phones = LANGUAGES[language].letters, LANGUAGES[language].phones
    return LexiconToHdfJob(lexicon, letters.labels, phones.labels, **arguments)


def training(
    g2p: nn.Module, learning_rates: list[float], *, language: str = "en", engine: str = "tensorflow"
) -> TrainingJob:
    """
    :param g2p: the model, or a language model of the phones
    :param learning_rates: one an epoch
    :param engine: what RETURNN trains with
    """
    data = lexicon_data(language)
    return training_on(
        label_dataset(data.train.out_hdf, seq_ordering="laplace:.2000"),
        label_dataset(data.dev.out_hdf, seq_ordering="sorted"),
        nn.Network(g2p),
        learning_rates,
        engine=engine,
    )


def training_on(
    train: dict[str, Any],
    dev: dict[str, Any],
    network: nn.Network,
    learning_rates: list[float],
    *,
    engine: str = "tensorflow",
    **kwargs: Any,
) -> TrainingJob:
    """
    :param train: the dataset, as for dev
    :param learning_rates: one an epoch
    :param engine: what RETURNN trains with
    :param kwargs: others of the job
    """
    return TrainingJob(
        network,
        train,
        dev,
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 2.0,
        },
        num_epochs=len(learning_rates),
        keep_epochs={len(learning_rates)},
        engine=engine,
        **threads(engine),
        **kwargs,
    )


def threads(engine: str) -> dict[str, Any]:
    """How many threads compute: TensorFlow with two at most, PyTorch with one, which is faster in such small loops."""
    return {"post_config": THREADS} if engine == "tensorflow" else {"cpu_rqmt": 1}


def last_checkpoint(train: TrainingJob) -> Checkpoint:
    """That of the last epoch."""
    return train.out_checkpoints[train.num_epochs]


def recognition(
    checkpoint: Checkpoint | TrainingJob,
    search: nn.Network | SelectedNetwork,
    lexicon: tk.Path,
    language: str = "en",
) -> tuple[SearchJob, PronunciationScoringJob]:
    """
    Search, and its scores, on the words of a lexicon.

    :param checkpoint: of a training, its last
    """
    if isinstance(checkpoint, TrainingJob):
        checkpoint = last_checkpoint(checkpoint)
    words = label_dataset(lexicon_hdf(lexicon, language, all_pronunciations=False).out_hdf, seq_ordering="sorted")
    found = SearchJob(search, checkpoint, words, config=BATCHES, **threads(checkpoint.engine))
    return found, PronunciationScoringJob(found.out_hypotheses, lexicon)


def ensemble_searches(
    name: str,
    models: Sequence[SequenceToSequence],
    checkpoints: Sequence[Checkpoint],
    beam: nn.BeamSearch,
    *,
    language: str = "en",
) -> dict[str, PronunciationScoringJob]:
    """
    Searches with several models at once: each label by the mean of their probabilities.

    :param models: of the same inputs
    :param checkpoints: of each
    :return: scores by part
    """
    together = SequenceToSequence(
        models[0].source,
        models[0].target,
        Encoders([model.encoder for model in models]),
        Ensemble([model.decoder for model in models]),
    )
    search = nn.Network(together, search=beam, max_seq_len=MAX_PHONES)
    parts = [
        Preload(checkpoint, name_map={f"encoder/encoders/{n}/": "encoder/", f"decoder/decoders/{n}/": "decoder/"})
        for n, checkpoint in enumerate(checkpoints)
    ]
    return searches(name, combined_checkpoint(search, parts), search, language=language)[0]


def experiment(
    name: str,
    train: TrainingJob,
    search: nn.Network | SelectedNetwork,
    *,
    next_step: str,
    checkpoint: Checkpoint | None = None,
    language: str = "en",
) -> None:
    """
    Training, search, scores and a page with all of it; outputs stand under ``output/NAME/``.

    :param checkpoint: what is searched with; default: the last of the training
    """
    train.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", train.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", train.out_learning_curves)
    tk.register_output(f"{name}/learning_curves.txt", train.out_learning_curves_table)

    checkpoint = checkpoint or last_checkpoint(train)
    scores, found = searches(name, checkpoint, search, language=language)
    page = experiment_page(
        name,
        train,
        scores=scores,
        hypotheses={part: job.out_hypotheses for part, job in found.items()},
        job_ids={f"search {part}": job.job_id() for part, job in found.items()},
        heat_maps=HeatMapsJob(train.network, checkpoint, train.dev_data).out_heat_maps,
    )
    tk.register_callback(print_next_step, next_step, [page.out_page, *(job.out_wer for job in scores.values())])


def searches(
    name: str, checkpoint: Checkpoint, search: nn.Network | SelectedNetwork, *, language: str = "en"
) -> tuple[dict[str, PronunciationScoringJob], dict[str, SearchJob]]:
    """
    Searches on the development and test words, registered under ``output/NAME/``.

    :return: scores and searches, by part
    """
    lexica = lexicon_data(language).lexica
    scores: dict[str, PronunciationScoringJob] = {}
    searched: dict[str, SearchJob] = {}
    for part, lexicon in (("dev", lexica.out_dev_lexicon), ("test", lexica.out_test_lexicon)):
        found, scores[part] = recognition(checkpoint, search, lexicon, language)
        found.add_alias(f"{name}/search_{part}")
        searched[part] = found
        tk.register_output(f"{name}/{part}/hypotheses.jsonl", found.out_hypotheses)
        tk.register_output(f"{name}/{part}/wer", scores[part].out_wer)
        tk.register_output(f"{name}/{part}/per", scores[part].out_per)
        tk.register_output(f"{name}/{part}/report.txt", scores[part].out_report_text)
    return scores, searched
