"""The graphs of configs/speech_ru.py: what they register, what they share, and that names of parameters fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import localsis

localsis.install()

from configs import speech_ru  # noqa: E402 - what jobs import must be installed first
from jobs.combine_checkpoints import CombineCheckpointsJob  # noqa: E402
from jobs.ctc_alignment import CtcAlignmentJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs  # noqa: E402
from localsis.job import created_jobs  # noqa: E402


def _graph(config: Callable[[], None]) -> set[str]:
    config()
    outputs.wanted_jobs()
    return set(outputs.registered)


def _trainings() -> list[TrainingJob]:
    return [job for job in created_jobs.values() if isinstance(job, TrainingJob)]


@pytest.mark.parametrize(
    ("config", "name", "sclite"),
    [
        (speech_ru.py, "speech_ru/demo", False),
        (speech_ru.ctc, "speech_ru/ctc", True),
        (speech_ru.attention, "speech_ru/attention", True),
        (speech_ru.joint, "speech_ru/joint", True),
        (speech_ru.transducer, "speech_ru/transducer", True),
    ],
)
def test_outputs(config: Callable[[], None], name: str, sclite: bool) -> None:
    """The demo needs no sclite, which is seldom installed."""
    names = _graph(config)
    for output in ("learning_curves.png", "dev/per", "test/per", "test/report.txt"):
        assert f"{name}/{output}" in names
    assert (f"{name}/test/sclite_per" in names) == sclite


def test_attention_starts_with_the_training_of_ctc() -> None:
    _graph(speech_ru.ctc)
    (ctc,) = _trainings()
    _graph(speech_ru.attention)
    attention = next(job for job in _trainings() if job is not ctc)
    assert len(_trainings()) == 2, "one CTC training for both"
    assert attention.preload[0].checkpoint.path == ctc.out_checkpoints[speech_ru.ENCODER_EPOCH].path
    covered = {name for name in attention.network.parameters if attention.preload[0].covers(name)}
    assert covered == {name.replace("output/", "ctc/") for name in ctc.network.parameters}


def test_ensemble_has_two_trainings_that_start_with_one() -> None:
    names = _graph(speech_ru.ensemble)
    assert {"speech_ru/ensemble/test/per", "speech_ru/ensemble/test/sclite_per"} <= names
    ctc = [job for job in _trainings() if not job.preload]
    assert len(ctc) == 1 and len(_trainings()) == 3
    (combined,) = [job for job in created_jobs.values() if isinstance(job, CombineCheckpointsJob)]
    assert len(combined.checkpoints) == 2


def test_prefix_search_is_of_the_training_of_ctc() -> None:
    _graph(speech_ru.ctc)
    names = _graph(speech_ru.ctc_prefix)
    assert {"speech_ru/ctc_prefix/test/per", "speech_ru/ctc_prefix/test/sclite_per"} <= names
    assert len(_trainings()) == 1


def test_transducer_is_trained_on_alignments_by_ctc_and_starts_with_its_encoder() -> None:
    _graph(speech_ru.ctc)
    (ctc,) = _trainings()
    _graph(speech_ru.transducer)
    transducer = next(job for job in _trainings() if job is not ctc)
    assert len(_trainings()) == 2, "one CTC training for both"
    alignments = [job for job in created_jobs.values() if isinstance(job, CtcAlignmentJob)]
    files = [data["datasets"]["alignments"]["files"][0] for data in (transducer.train_data, transducer.dev_data)]
    assert files == [job.out_hdf for job in alignments]
    start = ctc.out_checkpoints[speech_ru.ENCODER_EPOCH].path
    assert all(job.log_posteriors.creator.model_checkpoint.path == start for job in alignments)
    assert transducer.preload[0].checkpoint.path == start
    covered = {name for name in transducer.network.parameters if transducer.preload[0].covers(name)}
    assert covered == {name for name in ctc.network.parameters if name.startswith("encoder/")}
