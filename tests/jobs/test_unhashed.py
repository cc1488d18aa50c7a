"""Arguments that are not hashed: told where a job is asked for with two; more epochs go on with a training."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from jobs.reopening import reopen
from jobs.search import SearchJob
from jobs.training import TrainingJob
from localsis import settings
from localsis.job import created_jobs
from localsis.job_directory import set_up
from recipe import nn

TRAIN = {"class": "HDFDataset", "files": ["train.hdf"]}
LABELS = nn.Dim(3, "labels", labels=["a", "b", "c"])
DATA = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), LABELS])


def _model(search: nn.BeamSearch | None = None) -> nn.Tensor | None:
    scores = nn.get_extern_data(DATA)
    if search is None:
        nn.reduce_sum(scores).mark_as_loss("sum")
        return None
    loop = nn.Loop()
    loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
    with loop:
        loop.state.label = nn.choice(loop.unstack(scores), search=search)
        return loop.stack(loop.state.label)


def training(**arguments: Any) -> TrainingJob:
    """The training, with unhashed arguments."""
    return TrainingJob(nn.Network(_model), TRAIN, TRAIN, config={"batch_size": 10}, **arguments)


@pytest.fixture(autouse=True)
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty setup, in which no job is known."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "WORK_DIR", "work")
    created_jobs.clear()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("device", "cpu", "gpu"),
        ("post_config", {"log_batch_size": True}, {"log_batch_size": False}),
        ("time_rqmt", 4, 8),
        ("mem_rqmt", 4, 8.5),
        ("cpu_rqmt", 1, 2),
        ("log_verbosity", 3, 5),
    ],
)
def test_other_value_is_told(name: str, first: object, second: object, caplog: pytest.LogCaptureFixture) -> None:
    one = training(**{name: first})
    assert training(**{name: first}) is one and not caplog.messages
    assert training(**{name: second}) is one
    (message,) = caplog.messages
    assert one.job_id() in message
    assert f"{name}={first!r}" in message and f"{name}={second!r}" in message
    assert message.count("test_unhashed.py:") == 2  # where it was asked for
    assert vars(one).get(name, first) == first


def test_search_tells_too(caplog: pytest.LogCaptureFixture) -> None:
    def search(device: str) -> SearchJob:
        network = nn.Network(_model, search=nn.BeamSearch(2))
        return SearchJob(network, training().out_checkpoints[1], TRAIN, device=device)

    assert search("cpu") is search("gpu")
    assert "device='cpu'" in caplog.text and "device='gpu'" in caplog.text


def test_hashed_arguments_make_another_job(caplog: pytest.LogCaptureFixture) -> None:
    one = training()
    assert TrainingJob(nn.Network(_model), TRAIN, TRAIN, config={"batch_size": 11}) is not one
    assert not caplog.messages


def test_more_epochs_are_taken_over(caplog: pytest.LogCaptureFixture) -> None:
    one = training(num_epochs=2)
    assert training(num_epochs=4) is one
    assert one.num_epochs == 4 and sorted(one.out_checkpoints) == [1, 2, 3, 4]
    assert not caplog.messages
    assert training(num_epochs=3) is one
    assert one.num_epochs == 4 and "num_epochs=4" in caplog.text and "num_epochs=3" in caplog.text


def test_epochs_to_keep_are_joined(caplog: pytest.LogCaptureFixture) -> None:
    one = training(num_epochs=2, keep_epochs={2})
    training(num_epochs=4, keep_epochs={3})
    assert sorted(one.out_checkpoints) == [2, 3, 4] and not caplog.messages
    training(num_epochs=4)
    assert sorted(one.out_checkpoints) == [1, 2, 3, 4]


def _finish(job: TrainingJob, *epochs: int) -> pathlib.Path:
    set_up(job)
    directory = pathlib.Path(job._sis_path())
    for epoch in epochs:
        for ending in ("index", "meta", "data-00000-of-00001"):
            (directory / "output" / "models" / f"epoch.{epoch:03d}.{ending}").touch()
    (directory / "log.run.1").write_text("the log")
    for name in ("finished.run.1", "usage.run.1", "submit_log.run", "finished"):
        (directory / name).touch()
    return directory


def test_finished_training_goes_on_for_more_epochs(caplog: pytest.LogCaptureFixture) -> None:
    directory = _finish(training(num_epochs=2), 1, 2)
    created_jobs.clear()
    training(num_epochs=2)
    assert (directory / "finished").exists() and not caplog.messages
    created_jobs.clear()
    training(num_epochs=3)
    left = {path.name for path in directory.iterdir()}
    assert left == {"output", "work", "input", "engine", "job.save", "info", "log.run.1.before_2"}
    assert (directory / "log.run.1.before_2").read_text() == "the log"
    assert "3 epochs are wanted: it goes on" in caplog.text


def test_finished_training_goes_on_when_asked_for_twice() -> None:
    directory = _finish(training(num_epochs=2), 1, 2)
    training(num_epochs=3)
    assert not (directory / "finished").exists()


def test_archive_of_a_clean_up_is_kept(tmp_path: pathlib.Path) -> None:
    (tmp_path / "finished.tar.gz").write_text("archive")
    reopen(str(tmp_path), "more is wanted")
    assert [path.name for path in tmp_path.iterdir()] == ["before_2.tar.gz"]


def test_jobs_that_are_not_finished_or_not_ours_stay(tmp_path: pathlib.Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "finished").touch()
    (tmp_path / "link").symlink_to(tmp_path / "theirs")
    reopen(str(tmp_path / "link"), "more is wanted")
    assert (tmp_path / "theirs" / "finished").exists()
    (tmp_path / "log.run.1").touch()
    reopen(str(tmp_path), "more is wanted")
    assert (tmp_path / "log.run.1").exists()
