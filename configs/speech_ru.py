"""
Phone recognition on recordings of one Russian reader (Debian's ``festvox-ru``, 1.66 hours).

``py()`` is a small CTC system of some minutes. The real ones, with one encoder: ``ctc()``, and ``ctc_prefix()``, which
searches with it for phones instead of alignments; ``attention()``, which starts with that one's encoder, ``joint()``,
which searches with both, and ``ensemble()``, which does so with two trainings; and ``transducer()``, which is also
trained on alignments of CTC. Their scores are also those of sclite (Debian: apt install sctk). The small system and
``ctc()`` run on either engine of RETURNN: ``./sis manager 'configs/speech_ru.py("torch")'``.
"""

from __future__ import annotations

from typing import Any

from sisyphus import tk

from configs.speech_ru_graph import (
    BATCHES,
    ENCODER_EPOCH,
    THREADS,
    features,
    finish,
    named,
    page,
    register_training,
    score,
    search_with,
    train,
)
from configs.speech_ru_models import REAL, TOPOLOGY, attention_model, ctc_model, inputs, transducer_models
from jobs.checkpoint import Checkpoint
from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.combine_checkpoints import combined_checkpoint
from jobs.ctc_alignment import align_with_ctc, ctc_log_posteriors
from jobs.ctc_collapse import CtcCollapseJob
from jobs.ctc_prefix_search import CtcPrefixSearchJob
from jobs.optimal_parameters import tune
from jobs.preload import Preload
from jobs.pronunciation_scoring import PronunciationScoringJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.festvox import RUSSIAN_PHONES
from recipe.models.ctc import BLANK, CtcModel
from recipe.models.speech_attention import AttentionRecogniser, RecogniserEnsemble

CTC_RATES = [0.002] * 20 + [0.001] * 6 + [0.0005] * 5 + [0.00025] * 5
ATTENTION_RATES = [0.002] * 14 + [0.001] * 9 + [0.0005] * 5 + [0.00025] * 4
TRANSDUCER_RATES = [0.001] * 14 + [0.0005] * 5 + [0.00025] * 5
SHORT_RATES = [0.002] * 8 + [0.001] * 5 + [0.0005] * 3 + [0.00025] * 2
ATTENTION_SEARCH = nn.BeamSearch(8, length_normalization=1.0)
JOINT_SCALES = [0.2, 0.4, 0.6, 0.8]
"""Shares of CTC in a search beside the attention decoder that are tried."""
JOINT_SCALE = 0.4
"""The one for ensembles."""
AVERAGED = 4
"""How many last epochs the real systems are averaged over."""


def py(engine: str = "tensorflow") -> None:
    """The small system."""
    model = ctc_model(lstm_dim=96, num_layers=2, dropout=0.1, masks={})
    training = train(model, features(), [0.003] * 10 + [0.001, 0.0003], engine=engine)
    ctc_experiment(named("speech_ru/demo", engine), model, training, training.out_checkpoints[training.num_epochs])


def ctc(engine: str = "tensorflow") -> None:
    """The real system with CTC."""
    model = ctc_model(**REAL)
    training = train(model, features(), CTC_RATES, engine=engine)
    checkpoint = training.average_of_last(AVERAGED)
    ctc_experiment(named("speech_ru/ctc", engine), model, training, checkpoint, with_sclite=True)


def attention() -> None:
    """An attention decoder, and the encoder of :func:`ctc`, which both go on learning."""
    model = attention_model()
    attention_experiment("speech_ru/attention", model, nn.Network(model, search=ATTENTION_SEARCH))


def joint() -> None:
    """The training of :func:`attention`, searched with its CTC output beside the decoder, whose share is tuned."""
    data, model = features(), attention_model()
    checkpoint = attention_training(model).average_of_last(AVERAGED)

    def network(joint_scale: float) -> nn.Network:
        return nn.Network(model, search=ATTENTION_SEARCH, joint_scale=joint_scale)

    def phone_error_rate(one: nn.Network) -> tk.Variable:
        search = search_with(one, checkpoint, data.out_hdf["dev"])
        return PronunciationScoringJob(search.out_hypotheses, data.out_references["dev"]).out_per

    tuning = tune(network, {"joint_scale": JOINT_SCALES}, phone_error_rate)
    tk.register_output("speech_ru/joint/table.txt", tuning.optimum.out_table)
    attention_experiment("speech_ru/joint", model, tuning.network)


def ensemble() -> None:
    """Two trainings of attention decoders of different length, and the CTC outputs of both, in one search."""
    name, data, of_both = "speech_ru/ensemble", features(), inputs()
    members = [attention_model(of_both), attention_model(of_both)]
    trainings = [attention_training(member, rates) for member, rates in zip(members, (SHORT_RATES, ATTENTION_RATES))]
    network = nn.Network(RecogniserEnsemble(members), search=ATTENTION_SEARCH, joint_scale=JOINT_SCALE)
    parts = [
        Preload(training.average_of_last(AVERAGED), name_map={f"members/{number}/": ""})
        for number, training in enumerate(trainings)
    ]
    checkpoint, scores = combined_checkpoint(network, parts), {}
    for part in ("dev", "test"):
        search = search_with(network, checkpoint, data.out_hdf[part])
        search.add_alias(f"{name}/search_{part}")
        scores[part] = score(f"{name}/{part}", search.out_hypotheses, data.out_references[part], with_sclite=True)
    finish(name, scores, "sizes and rates are in configs/speech_ru*.py")


def attention_training(model: AttentionRecogniser, learning_rates: list[float] | None = None) -> TrainingJob:
    """
    That of :func:`attention`.

    :param learning_rates: default: those of :func:`attention`
    """
    data = features()
    start = train(ctc_model(**REAL), data, CTC_RATES).out_checkpoints[ENCODER_EPOCH]
    names = {"encoder/": "encoder/", "ctc/": "output/"}
    return train(model, data, learning_rates or ATTENTION_RATES, preload=[Preload(start, name_map=names)])


def attention_experiment(name: str, model: AttentionRecogniser, network: nn.Network) -> None:
    """
    Training, search and scores of the attention system; outputs stand under ``output/NAME/``.

    :param network: of the search
    """
    data, training = features(), attention_training(model)
    register_training(name, training)
    checkpoint = training.average_of_last(AVERAGED)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        phones = searches[part].out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=True)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "sizes and rates are in configs/speech_ru*.py")


def ctc_prefix() -> None:
    """The training of :func:`ctc`, with prefix beam search."""
    data, model = features(), ctc_model(**REAL)
    checkpoint = train(model, data, CTC_RATES).average_of_last(AVERAGED)
    for part in ("dev", "test"):
        hdf = data.out_hdf[part]
        posteriors = ctc_log_posteriors(model, checkpoint, hdf, config=BATCHES, post_config=THREADS)
        phones = CtcPrefixSearchJob(posteriors, labels=RUSSIAN_PHONES.labels, beam_size=16).out_hypotheses
        score(f"speech_ru/ctc_prefix/{part}", phones, data.out_references[part], with_sclite=True)


def transducer() -> None:
    """A transducer on alignments by the system of :func:`ctc`, whose encoder goes on learning."""
    name, data = "speech_ru/transducer", features()
    aligner, model = transducer_models()
    start = train(aligner, data, CTC_RATES).out_checkpoints[ENCODER_EPOCH]
    options: dict[str, Any] = {"topology": TOPOLOGY, "config": BATCHES, "post_config": THREADS}
    alignments = {
        part: align_with_ctc(aligner, start, data.out_hdf[part], **options).out_hdf for part in ("train", "dev")
    }
    preload = Preload(start, name_map={"encoder/": "encoder/"})
    training = train(model, data, TRANSDUCER_RATES, alignments=alignments, preload=[preload])
    register_training(name, training)
    checkpoint = training.average_of_last(AVERAGED)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        network = nn.Network(model, search=nn.BeamSearch(8, length_normalization=0.0))
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        aligned = searches[part].out_hypotheses
        phones = CollapseAlignmentJob(aligned, topology=TOPOLOGY, blank=BLANK).out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=True)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "sizes, rates and topology are in configs/speech_ru*.py")


def ctc_experiment(
    name: str, model: CtcModel, training: TrainingJob, checkpoint: Checkpoint, *, with_sclite: bool = False
) -> None:
    """Search and scores of a CTC system; outputs stand under ``output/NAME/``."""
    data = features()
    register_training(name, training)
    scores, searches = {}, {}
    for part in ("dev", "test"):
        network = nn.Network(model, search=nn.BeamSearch(1, length_normalization=0.0))
        searches[part] = search_with(network, checkpoint, data.out_hdf[part])
        searches[part].add_alias(f"{name}/search_{part}")
        phones = CtcCollapseJob(searches[part].out_hypotheses, blank=BLANK).out_hypotheses
        scores[part] = score(f"{name}/{part}", phones, data.out_references[part], with_sclite=with_sclite)
    page(name, training, checkpoint, searches, scores)
    finish(name, scores, "./sis manager configs/speech_ru.ctc trains the larger system")
