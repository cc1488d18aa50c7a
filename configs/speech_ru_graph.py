"""The jobs of configs/speech_ru.py that its systems share: data, training, search, scores, a page."""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from configs.speech_ru_models import NUM_MEL, STACK
from jobs.checkpoint import Checkpoint
from jobs.debian_package import DebianPackageJob
from jobs.experiment_page import experiment_page
from jobs.heat_maps import HeatMapsJob
from jobs.hypotheses_to_trn import HypothesesToTrnJob
from jobs.lexicon_references import LexiconToReferencesJob
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.sclite import ScliteJob
from jobs.search import SearchJob
from jobs.speech_features import FestvoxFeaturesJob
from jobs.summary import print_next_step
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.dataset import aligned_dataset, label_dataset
from recipe.data.festvox import RUSSIAN_PHONES

BATCHES = {"batch_size": 6_000, "max_seqs": 10}
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}
ENCODER_EPOCH = 16
"""Of the CTC system, whose encoder others start with: before the learning rate gets small."""


def features() -> FestvoxFeaturesJob:
    """The recordings as features and phones."""
    voice = DebianPackageJob("festvox-ru")
    tk.register_output("speech_ru/voice", voice.out_directory)
    return FestvoxFeaturesJob(voice.out_directory, RUSSIAN_PHONES.labels, num_mel=NUM_MEL, stack=STACK)


def train(
    model: nn.Module,
    data: FestvoxFeaturesJob,
    learning_rates: list[float],
    *,
    alignments: dict[str, tk.Path] | None = None,
    engine: str = "tensorflow",
    **kwargs: Any,
) -> TrainingJob:
    """
    The training of any system.

    :param learning_rates: one an epoch
    :param engine: what RETURNN trains with
    :param alignments: by part of the data, for systems that are trained on them
    """

    def dataset(part: str, seq_ordering: str) -> dict[str, Any]:
        if alignments is None:
            return label_dataset(data.out_hdf[part], seq_ordering=seq_ordering)
        return aligned_dataset(data.out_hdf[part], alignments[part], seq_ordering=seq_ordering)

    return TrainingJob(
        nn.Network(model),
        dataset("train", "laplace:.100"),
        dataset("dev", "sorted"),
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 5.0,
        },
        post_config=threads(engine),
        num_epochs=len(learning_rates),
        engine=engine,
        cpu_rqmt=1,
        keep_epochs={min(ENCODER_EPOCH, len(learning_rates)), len(learning_rates)},
        **kwargs,
    )


def threads(engine: str) -> dict[str, Any]:
    """TensorFlow is told how many threads are to compute; PyTorch uses as many as the job asks for."""
    return THREADS if engine == "tensorflow" else {}


def register_training(name: str, training: TrainingJob) -> None:
    """What can be looked at while it trains."""
    training.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", training.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", training.out_learning_curves)


def search_with(network: nn.Network, checkpoint: Checkpoint, hdf: tk.Path) -> SearchJob:
    """The search in all recordings of a part."""
    data = label_dataset(hdf, seq_ordering="sorted")
    return SearchJob(network, checkpoint, data, config=BATCHES, post_config=threads(checkpoint.engine))


def score(name: str, phones: tk.Path, references: tk.Path, *, with_sclite: bool = False) -> PronunciationScoringJob:
    """Our score of hypotheses, and sclite's."""
    scoring = PronunciationScoringJob(phones, references)
    tk.register_output(f"{name}/hypotheses.jsonl", phones)
    tk.register_output(f"{name}/per", scoring.out_per)
    tk.register_output(f"{name}/report.txt", scoring.out_report_text)
    if with_sclite:
        sclite = ScliteJob(LexiconToReferencesJob(references).out_trn, HypothesesToTrnJob(phones).out_trn)
        tk.register_output(f"{name}/sclite_per", sclite.out_wer)
        tk.register_output(f"{name}/sclite", sclite.out_report_dir)
    return scoring


def page(
    name: str,
    training: TrainingJob,
    checkpoint: Checkpoint,
    searches: dict[str, SearchJob],
    scores: dict[str, PronunciationScoringJob],
) -> None:
    """
    All of it on one page.

    :param checkpoint: what was searched with
    :param searches: by part of the data, as the scores
    """
    experiment_page(
        name,
        training,
        scores=scores,
        hypotheses={part: job.hypotheses for part, job in scores.items()},
        job_ids={f"search {part}": job.job_id() for part, job in searches.items()},
        heat_maps=HeatMapsJob(training.network, checkpoint, training.dev_data).out_heat_maps,
    )


def finish(name: str, scores: dict[str, PronunciationScoringJob], next_step: str) -> None:
    """Prints the scores when all is done."""
    tk.register_callback(print_next_step, next_step, [job.out_per for job in scores.values()])


def named(name: str, engine: str) -> str:
    """The name of an experiment: with the engine, where that is not the default."""
    return name if engine == "tensorflow" else f"{name}_{engine}"
