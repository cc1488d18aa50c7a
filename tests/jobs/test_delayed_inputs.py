"""What a network takes from jobs is an input of its job, and is there when that writes the config."""

from __future__ import annotations

import pathlib
import pickle

import pytest

from jobs.returnn_process import resolve_paths
from jobs.training import TrainingJob
from jobs.training_run import TrainingRun
from localsis import settings
from localsis.job import created_jobs
from localsis.paths import Path, Variable
from recipe import nn

from .test_unhashed import TRAIN


@pytest.fixture(autouse=True)
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty setup, in which no job is known."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    created_jobs.clear()
    return tmp_path


def _training(size: Variable, embedding: Path, scale: Variable) -> TrainingJob:
    labels = nn.Dim(size, "labels")
    data = nn.ExternData("data", [nn.batch_dim], sparse_dim=labels)
    layer = nn.Embedding(labels, 3)
    layer.W.initial = nn.NumpyFile(embedding)

    def model() -> None:
        nn.reduce_sum(layer(nn.get_extern_data(data)) * scale).mark_as_loss("loss")

    return TrainingJob(nn.Network(model), TRAIN, TRAIN)


def test_inputs_and_config(setup: pathlib.Path) -> None:
    from .examples import CountJob

    count = CountJob(7)
    job = _training(count.out_size, count.out_embedding, count.out_scale)
    assert job._sis_inputs == {count.out_size, count.out_embedding, count.out_scale}
    assert job._sis_input_jobs() == {count}
    job_id = job.job_id()

    count._sis_setup_directory()
    job._sis_setup_directory()
    saved = pickle.loads(pickle.dumps(job))  # before the values are there, as a manager may
    count.run()
    pathlib.Path(count._sis_path("finished")).touch()
    TrainingRun(saved).write_config()
    config = pathlib.Path(job._sis_path("output", "returnn.config")).read_text()
    assert 'labels_dim = Dim(7, name="labels")' in config
    assert f"numpy.load('{count.out_embedding.get_path()}')" in config
    assert "source(0) * 0.25" in config

    created_jobs.clear()
    count = CountJob(7)
    assert _training(count.out_size, count.out_embedding, count.out_scale).job_id() == job_id
    other = CountJob(8)
    assert _training(other.out_size, count.out_embedding, count.out_scale).job_id() != job_id


def test_options_with_values_and_paths(setup: pathlib.Path) -> None:
    from .examples import CountJob

    count = CountJob(7)
    count._sis_setup_directory()
    count.run()
    options = {"a": [count.out_size, {"b": count.out_embedding}], "c": (1, "x")}
    assert resolve_paths(options) == {"a": [7, {"b": count.out_embedding.get_path()}], "c": (1, "x")}
