"""The graphs of configs/translation.py and configs/translation_language_model.py."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

import localsis

localsis.install()

from configs import translation, translation_language_model  # noqa: E402 - what jobs import must be installed first
from jobs.text.dictionary import DictionaryPairsJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs  # noqa: E402
from localsis.job import created_jobs  # noqa: E402


def _graph(config: Callable[..., None], *arguments: str) -> set[str]:
    config(*arguments)
    outputs.wanted_jobs()
    return set(outputs.registered)


@pytest.mark.parametrize(("config", "name"), [(translation.py, "demo"), (translation.full, "full")])
@pytest.mark.parametrize("engine", ["tensorflow", "torch"])
def test_outputs(config: Callable[..., None], name: str, engine: str) -> None:
    names = _graph(config, engine)
    name = f"translation/{name}" + ("_torch" if engine == "torch" else "")
    for output in ("learning_curves.png", "dev/bleu", "test/bleu", "test/chrf", "test/report.txt"):
        assert f"{name}/{output}" in names


def test_language_model_is_used_with_the_demo() -> None:
    _graph(translation.py)
    trainings = {job for job in created_jobs.values() if isinstance(job, TrainingJob)}
    assert len(trainings) == 1
    names = _graph(translation_language_model.py)
    assert len({job for job in created_jobs.values() if isinstance(job, TrainingJob)} - trainings) == 1
    for part in ("dev/word_perplexity", "rescoring/test/bleu", "rescoring/table.txt", "fusion/test/bleu"):
        assert f"translation/language_model/{part}" in names
    jobs = [job for job in created_jobs.values() if isinstance(job, DictionaryPairsJob)]
    assert sorted(job.train_min_words for job in jobs) == [1, 3]


def test_own_texts(tmp_path: pathlib.Path) -> None:
    for part in ("train", "dev", "test"):
        (tmp_path / f"{part}.de.gz").touch()
        (tmp_path / f"{part}.en").touch()
    assert "translation/own/test/bleu" in _graph(translation.own, str(tmp_path), "de", "en")
    assert not any(isinstance(job, DictionaryPairsJob) for job in created_jobs.values())
    (tmp_path / "dev.en").unlink()
    with pytest.raises(FileNotFoundError, match=r"there is no .*dev.en and no .*dev.en.gz"):
        translation.own(str(tmp_path), "de", "en")
