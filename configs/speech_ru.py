"""
Phone recognition on recordings of one Russian reader (Debian's ``festvox-ru``, 1.66 hours).

``py()`` is a small CTC system of some minutes, ``ctc()`` the real one of about an hour on 2 cores.
"""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from jobs.ctc_collapse import CtcCollapseJob
from jobs.debian_package import DebianPackageJob
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.search import SearchJob
from jobs.speech_features import FestvoxFeaturesJob
from jobs.summary import print_summary
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.dataset import label_dataset
from recipe.data.festvox import RUSSIAN_PHONES
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.spec_augment import SpecAugment
from recipe.models.speech_encoder import SpeechLstmEncoder

NUM_MEL, STACK = 40, 3
BATCHES = {"batch_size": 6_000, "max_seqs": 10}
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}
RATES = [0.002] * 20 + [0.001] * 6 + [0.0005] * 5 + [0.00025] * 5


def py() -> None:
    """The small system."""
    model = ctc_model(lstm_dim=96, num_layers=2, dropout=0.1, augmented=False)
    experiment("speech_ru/demo", model, [0.003] * 10 + [0.001, 0.0003])


def ctc() -> None:
    """The real one."""
    experiment("speech_ru/ctc", ctc_model(lstm_dim=160, num_layers=3, dropout=0.3), RATES)


def ctc_model(*, lstm_dim: int, num_layers: int, dropout: float, augmented: bool = True) -> CtcModel:
    """Encoder and CTC output; the encoder's first layer sees 33 frames a second, the others half of them."""
    mel = nn.Dim(NUM_MEL, "mel")
    features = nn.Dim(NUM_MEL * STACK, "features")
    phones = nn.Dim(RUSSIAN_PHONES.size, "phones", labels=RUSSIAN_PHONES.labels)
    augmentation = SpecAugment(mel, time_width=12, schedule={600: 0.5, 1200: 1.0}) if augmented else None
    encoder = SpeechLstmEncoder(
        features,
        nn.Dim(lstm_dim, "encoder_lstm"),
        num_layers=num_layers,
        time_pooling=(2,),
        augmentation=augmentation,
        input_dropout=0.1,
        dropout=dropout,
    )
    return CtcModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=phones),
        encoder,
    )


def experiment(name: str, model: CtcModel, learning_rates: list[float]) -> None:
    """Features, training, search and scores; outputs stand under ``output/NAME/``."""
    data = features()
    training = TrainingJob(
        nn.Network(model),
        label_dataset(data.out_hdf["train"], seq_ordering="laplace:.100"),
        label_dataset(data.out_hdf["dev"], seq_ordering="sorted"),
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 5.0,
        },
        post_config=THREADS,
        num_epochs=len(learning_rates),
        keep_epochs={len(learning_rates)},
    )
    training.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", training.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", training.out_learning_curves)
    scores = {
        part: recognition(f"{name}/{part}", model, training.out_checkpoints[len(learning_rates)], data, part)
        for part in ("dev", "test")
    }
    tk.register_callback(print_summary, name, scores, "./sis manager configs/speech_ru.ctc trains the larger system")


def recognition(
    name: str, model: CtcModel, checkpoint: Any, data: FestvoxFeaturesJob, part: str
) -> PronunciationScoringJob:
    """The best phones of each recording of a part, and their score."""
    search = SearchJob(
        nn.Network(model, search=nn.BeamSearch(1, length_normalization=0.0)),
        checkpoint,
        label_dataset(data.out_hdf[part], seq_ordering="sorted"),
        config=BATCHES,
        post_config=THREADS,
    )
    phones = CtcCollapseJob(search.out_hypotheses, blank=BLANK)
    score = PronunciationScoringJob(phones.out_hypotheses, data.out_references[part])
    tk.register_output(f"{name}/hypotheses.jsonl", phones.out_hypotheses)
    tk.register_output(f"{name}/per", score.out_per)
    tk.register_output(f"{name}/report.txt", score.out_report_text)
    return score


def features() -> FestvoxFeaturesJob:
    """The recordings as features and phones."""
    voice = DebianPackageJob("festvox-ru")
    tk.register_output("speech_ru/voice", voice.out_directory)
    return FestvoxFeaturesJob(voice.out_directory, RUSSIAN_PHONES.labels, num_mel=NUM_MEL, stack=STACK)
