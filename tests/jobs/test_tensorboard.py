"""What TensorBoard's own reader finds of trainings, on both engines of RETURNN."""

from __future__ import annotations

import importlib.util
import pathlib
import sys
import types
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint_files import FILES_OF
from jobs.returnn_errors import ReturnnError
from jobs.tensorboard_writer import TensorBoardWriter
from jobs.training import TrainingJob
from recipe import nn

from .configs.tiny import tiny_model
from .conftest import RunJob
from .engines import WORDS, dataset
from .test_step_log import TORCH, lines

pytestmark = [pytest.mark.xdist_group("chain"), pytest.mark.usefixtures("warm_returnn")]


@pytest.fixture(autouse=True)
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorBoard reads its files by its own code, not by TensorFlow's, whose import takes seconds."""
    monkeypatch.setitem(sys.modules, "tensorboard.compat.notf", types.ModuleType("notf"))


def scalars(directory: str | pathlib.Path, run: str) -> dict[str, list[tuple[int, float]]]:
    """Of each tag its steps and values."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    reader = EventAccumulator(str(pathlib.Path(directory) / run), size_guidance={"scalars": 0})
    reader.Reload()
    return {tag: [(one.step, one.value) for one in reader.Scalars(tag)] for tag in reader.Tags()["scalars"]}


def training(words: dict[str, Any], engine: str, num_epochs: int, **arguments: Any) -> TrainingJob:
    """Steps of two words."""
    config = {"batch_size": 1000, "max_seqs": 2, "optimizer": {"class": "adam"}, "learning_rate": 0.02}
    config["gradient_clip_global_norm"] = 0.1  # the norm is that before
    network = nn.Network(tiny_model(dropout=0.2))
    return TrainingJob(
        network, words, words, engine=engine, config=config, num_epochs=num_epochs, cpu_rqmt=1, **arguments
    )


@pytest.mark.parametrize("engine", ["tensorflow", "torch"])
def test_training(engine: str, tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """A training that goes on has one curve; what it trains is what it would be without."""
    words = dataset(tmp_path / "words.hdf", WORDS)
    job = run_job(training(words, engine, 2, tensorboard=True))
    directory = job.out_tensorboard.get_path()
    assert {name.name for name in pathlib.Path(directory).iterdir()} == {"dev", "steps", "train"}
    assert [step for step, _ in scalars(directory, "steps")["step/seconds"]] == [0, 1, 2, 3]
    assert training(words, engine, 3, tensorboard=True) is job
    run_job(job)
    steps, train, dev = (scalars(directory, run) for run in ("steps", "train", "dev"))
    assert [step for step, _ in steps["step/gradient_norm"]] == list(range(6))
    assert all(0.1 < norm < 100 for _, norm in steps["step/gradient_norm"])
    assert [value for _, value in steps["step/num_seqs"]] == [2] * 6
    loss, epoch = ("cost:cross_entropy", "score") if engine == "tensorflow" else ("cross_entropy",) * 2
    assert [step for step, _ in steps[f"step/{loss}"]] == list(range(6))
    for (_, rate), (_, seconds) in zip(steps["step/sequences_per_second"], steps["step/seconds"]):
        assert rate == pytest.approx(2 / seconds)
    key = "epoch/score" if engine == "tensorflow" else f"epoch/loss_{epoch}"
    assert [step for step, _ in train[key]] == [step for step, _ in dev[key]] == [1, 2, 3]
    assert dev[key][2][1] < dev[key][0][1] and [rate for _, rate in train["epoch/learning_rate"]] == pytest.approx(
        [0.02] * 3
    )
    bits = _bits(job)
    assert bits and _bits(run_job(_other_id(words, engine))) == bits


def _other_id(words: dict[str, Any], engine: str) -> TrainingJob:
    """The same training without the option, as another job."""
    return training({**words, "partition_epoch": 1}, engine, 3)


def _bits(job: TrainingJob) -> bytes:
    return pathlib.Path(job.out_checkpoints[3].prefix() + FILES_OF[job.engine][0]).read_bytes()


def test_it_is_written_while_it_trains(tmp_path: pathlib.Path) -> None:
    """And what was interrupted is read once, also by one who reads all the time."""
    log, rates, directory = tmp_path / "returnn.log", tmp_path / "learning_rates", tmp_path / "tensorboard"
    writer = TensorBoardWriter(str(directory), str(log), str(rates))
    writer()
    assert not directory.exists()
    log.write_text(lines(TORCH, (1, 0), (1, 1)))
    writer()
    assert scalars(directory, "steps")["step/ce"] == [(0, 1.0), (1, pytest.approx(1.1))]
    rates.write_text("{1: EpochData(learningRate=0.1, error={'train_loss_ce': 1.0}),}")
    writer()
    rates.write_text("{1: EpochData(learningRate=0.1, error={'train_loss_ce': 1.0, 'dev_loss_ce': 2.0}),}")
    log.write_text(lines(TORCH, (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 0)))
    writer()
    numbers = [step for step, _ in scalars(directory, "steps")["step/ce"]]
    assert numbers == [0, 1, 2]
    assert scalars(directory, "train")["epoch/loss_ce"] == [(1, 1.0)]
    assert scalars(directory, "dev") == {"epoch/loss_ce": [(1, 2.0)]}
    assert len(list((directory / "steps").iterdir())) == 1
    again = TensorBoardWriter(str(directory), str(log), str(rates))
    again()
    assert [step for step, _ in scalars(directory, "steps")["step/ce"]] == numbers
    assert len(list((directory / "steps").iterdir())) == 1, "the file of the run before is gone"


def test_what_is_said_before_it_trains(monkeypatch: pytest.MonkeyPatch, run_job: RunJob) -> None:
    """No package, no steps in the log."""
    data = {"class": "HDFDataset", "files": [tk.Path("train.hdf")]}
    with pytest.raises(ValueError, match="has them from log_verbosity=5 on, not 3"):
        training(data, "torch", 1, tensorboard=True, log_verbosity=3)
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tensorboard" else find(name))
    with pytest.raises(ReturnnError, match="the package tensorboard is not installed for .*: pip install tensorboard"):
        run_job(training(data, "torch", 1, tensorboard=True))
