"""The state of training beside a checkpoint, its scores before it; damaged files. See test_chain.py for kills."""

from __future__ import annotations

import pathlib
import types
from typing import Any

import numpy
import pytest

from jobs import resume_tensorflow
from jobs.learning_rates import read_learning_rates
from jobs.resume_tensorflow import ENDING, read_state, restore_state, save_scores


class Variable:
    """Plays a variable of TensorFlow."""

    def __init__(self, name: str, shape: tuple[int, ...]):
        self.name = name
        self.shape = shape
        self.value: Any = None

    def load(self, value: Any, session: Any) -> None:
        """Takes a value."""
        self.value = value


class Engine:
    """Plays RETURNN's, at the start of epoch 3."""

    start_epoch = 3
    tf_session = None
    optim_op = "there"

    def __init__(self, models: pathlib.Path, *variables: Variable):
        self.model_filename = str(models / "epoch")
        self.updater = self
        self.variables = variables

    def epoch_model_filename(self, prefix: str, epoch: int) -> str:
        """The prefix of an epoch's files."""
        return f"{prefix}.{epoch:03d}"


@pytest.fixture
def engine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine with two variables, and a state that was written for them."""
    engine = Engine(tmp_path, Variable("m:0", (2,)), Variable("v:0", (3,)))
    monkeypatch.setattr(resume_tensorflow, "_optimizer_variables", lambda engine: {v.name: v for v in engine.variables})
    monkeypatch.setattr(resume_tensorflow, "_random_variables", lambda engine: {})
    monkeypatch.setattr(resume_tensorflow, "_is_first_process", lambda: True)
    with open(tmp_path / f"epoch.002{ENDING}", "wb") as file:
        numpy.savez(file, **{"m:0": numpy.arange(2.0), "v:0": numpy.arange(3.0)})
    return engine


def test_state_is_taken_up_once(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    restore_state(engine)
    assert [variable.value.tolist() for variable in engine.variables] == [[0, 1], [0, 1, 2]]
    assert "the optimizer goes on with" in capsys.readouterr().out
    engine.variables[0].value = None
    restore_state(engine)
    assert engine.variables[0].value is None


@pytest.mark.parametrize("is_first", [True, False])
def test_processes_of_horovod_share_the_optimizer_but_no_random_numbers(
    is_first: bool, engine: Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All must go on with the same optimizer, else their parameters drift apart."""
    random_state = Variable("random:0", (1,))
    monkeypatch.setattr(resume_tensorflow, "_random_variables", lambda engine: {"random:0": random_state})
    monkeypatch.setattr(resume_tensorflow, "_is_first_process", lambda: is_first)
    with open(tmp_path / f"epoch.002{ENDING}", "wb") as file:
        numpy.savez(file, **{"m:0": numpy.ones(2), "v:0": numpy.ones(3), "random:0": numpy.ones(1)})
    restore_state(engine)
    assert all(variable.value is not None for variable in engine.variables)
    assert (random_state.value is not None) == is_first


def test_other_random_numbers_than_before(
    engine: Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a config by an earlier version left more of dropout, or less, to RETURNN: the optimizer goes on."""
    there, new = [Variable(f"random_states_to_resume/{name}:0", (1,)) for name in ("StateVar", "StateVar_2")]
    monkeypatch.setattr(resume_tensorflow, "_random_variables", lambda engine: {v.name: v for v in (there, new)})
    saved = {"m:0": numpy.ones(2), "v:0": numpy.ones(3), there.name: numpy.ones(1)}
    saved["random_states_to_resume/StateVar_1:0"] = numpy.ones(1)
    with open(tmp_path / f"epoch.002{ENDING}", "wb") as file:
        numpy.savez(file, **saved)
    restore_state(engine)
    assert all(variable.value is not None for variable in (*engine.variables, there)) and new.value is None


def test_not_before_the_optimizer_is_there(engine: Engine) -> None:
    engine.optim_op = None  # type: ignore[assignment]
    restore_state(engine)
    engine.optim_op = "there"
    assert engine.variables[0].value is None
    restore_state(engine)
    assert engine.variables[0].value is not None


@pytest.mark.parametrize("other", [Variable("v:0", (4,)), Variable("momentum:0", (3,))])
def test_state_of_another_optimizer(other: Variable, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine.variables = (engine.variables[0], other)
    restore_state(engine)
    assert engine.variables[0].value is None and "the optimizer starts anew" in capsys.readouterr().out


def test_no_state(engine: Engine, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / f"epoch.002{ENDING}").unlink()
    restore_state(engine)
    assert engine.variables[0].value is None and "the optimizer starts anew" in capsys.readouterr().out


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "flipped"])
def test_damaged_state_is_an_unreadable_checkpoint(damage: str, engine: Engine, tmp_path: pathlib.Path) -> None:
    """With the word by which the job knows that it is to go on from the checkpoint before."""
    path = tmp_path / f"epoch.002{ENDING}"
    content = bytearray(path.read_bytes())
    flipped = content.copy()
    flipped[content.index(numpy.arange(2.0).tobytes()) + 3] ^= 1
    damaged = {"truncated": content[: len(content) // 2], "empty": b"", "garbage": b"no such file", "flipped": flipped}
    path.write_bytes(damaged[damage])
    with pytest.raises(RuntimeError) as caught:
        restore_state(engine)
    assert "DataLossError" in str(caught.value) and str(path) in str(caught.value)


def test_pickled_state_is_refused(tmp_path: pathlib.Path) -> None:
    with open(tmp_path / "state.npz", "wb") as file:
        numpy.savez(file, hostile=numpy.array([{"a": 1}], dtype=object))
    with pytest.raises(RuntimeError, match="cannot be read"):
        read_state(str(tmp_path / "state.npz"))


class Trained:
    """Plays what ran an epoch."""

    finalized = True
    score = {"cost:output": 1.5}
    error = {"error:output": 0.25}
    num_steps = 7
    elapsed = 3.2


@pytest.mark.parametrize("trained", [Trained(), None])
def test_scores_are_in_the_file_before_the_checkpoint(trained: Trained | None, tmp_path: pathlib.Path) -> None:
    """In RETURNN's own learning-rate file, with all that RETURNN writes there after the checkpoint."""
    from returnn.learning_rate_control import ConstantLearningRate

    path = tmp_path / "learning_rates"
    control = ConstantLearningRate(0.1, filename=str(path))
    control.get_learning_rate_for_epoch(2)
    engine = types.SimpleNamespace(epoch=2, learning_rate_control=control, _trained=trained)
    save_scores(engine)
    if trained is None:
        assert not path.exists()
        return
    data = read_learning_rates(str(path))[2]
    assert data.scores == {"train_score": 1.5, "train_error": 0.25}
    assert data.meta == {"epoch_num_train_steps": 7, "epoch_train_time_secs": 3}
