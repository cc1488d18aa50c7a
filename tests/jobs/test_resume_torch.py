"""What is done around the engine of RETURNN on PyTorch, played here. See test_torch_training.py for the real one."""

from __future__ import annotations

import pathlib
import types
from collections.abc import Callable
from typing import Any

import pytest

from jobs import resume_torch
from jobs.resume_torch import check_file

pytest.importorskip("torch", reason="plays RETURNN on PyTorch")
pytestmark = pytest.mark.xdist_group("returnn-2")


class Played:
    """Plays RETURNN's engine: notes what is written, in which order."""

    epoch = 4
    global_train_step = 7
    _start_epoch = 4
    _torch_distributed_ctx: Any = None

    def __init__(self, directory: pathlib.Path, **options: Any):
        self.directory = directory
        self.options = options
        self.said: list[str] = []
        self._updater = types.SimpleNamespace(save_optimizer=lambda path: self.write(path))
        self.config = types.SimpleNamespace(
            bool=lambda name, default: default, int=lambda name, default: default, typed_value=options.get
        )

    def write(self, path: str) -> None:
        """Notes it."""
        self.said.append(pathlib.Path(path).name)
        pathlib.Path(path).touch()

    def get_epoch_model_filename(self, epoch: int | None = None) -> str:
        """The prefix of an epoch."""
        return str(self.directory / f"epoch.{epoch or self.epoch:03d}")

    def _do_save(self) -> bool:
        return bool(self.options.get("saves", True))

    def _save_model(self) -> None:
        if self._do_save():
            self.write(self.get_epoch_model_filename() + ".pt")

    def _save_optimizer(self) -> None:
        raise AssertionError("it comes before the model")

    def _load_model(self) -> None:
        self.said.append("loaded")

    def get_epoch_model(self, config: Any) -> Any:
        """The checkpoint to start from."""
        return self.options.get("start", (None, None))

    def _on_epoch_start(self, *, dataset_name: str) -> None:
        import torch

        self.said.append(f"{dataset_name} {torch.rand(1).item()}")

    def _check_missing_eval(self) -> None:
        self.said.append("checked")


@pytest.fixture
def engine(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Played]:
    """Makes engines whose methods are those that a training has."""
    import returnn.frontend as rf
    import returnn.torch.engine

    class Engine(Played):
        """Another class for each test: its methods are exchanged."""

    rf.select_backend_torch()
    for name in ("_save_model", "_save_optimizer", "_load_model", "_on_epoch_start", "_check_missing_eval"):
        setattr(Engine, name, getattr(Played, name))
    monkeypatch.setattr(returnn.torch.engine, "Engine", Engine)
    resume_torch.keep_state_of_training()
    return lambda **options: Engine(tmp_path, **options)


def test_optimizer_is_written_first(engine: Callable[..., Played], tmp_path: pathlib.Path) -> None:
    """And that of two epochs before is removed last, so that there is always one to go on from."""
    (tmp_path / "epoch.002.opt.pt").touch()
    (tmp_path / "epoch.003.opt.pt").touch()
    one = engine()
    one._save_model()
    assert one.said == ["epoch.004.opt.pt", "epoch.004.pt"] and (tmp_path / "epoch.002.opt.pt").exists()
    one._save_optimizer()
    assert sorted(path.name for path in tmp_path.glob("*.opt.pt")) == ["epoch.003.opt.pt", "epoch.004.opt.pt"]
    other = engine(saves=False)  # another process than the first
    other._save_model()
    other._save_optimizer()
    assert other.said == []


def test_random_numbers_of_an_epoch_do_not_depend_on_what_was_drawn_before(engine: Callable[..., Played]) -> None:
    """RETURNN's data loader draws more of them in the first epoch of a process."""
    import torch

    one = engine()
    for name in ("train", "dev"):
        one._on_epoch_start(dataset_name=name)
    torch.rand(3)
    for name in ("train", "dev"):
        one._on_epoch_start(dataset_name=name)
    assert one.said[:2] == one.said[2:] and one.said[0].split()[1] != one.said[1].split()[1]
    one._torch_distributed_ctx = types.SimpleNamespace(rank=lambda: 1)
    one._on_epoch_start(dataset_name="train")
    assert one.said[4] != one.said[0]


def test_files_are_checked_before_they_are_loaded(engine: Callable[..., Played], tmp_path: pathlib.Path) -> None:
    import torch

    for name in ("epoch.003.pt", "epoch.003.opt.pt"):
        torch.save({"a": torch.arange(4)}, tmp_path / name)
    one = engine(start=(3, str(tmp_path / "epoch.003")))
    one._load_model()
    assert one.said == ["loaded"]
    path = tmp_path / "epoch.003.opt.pt"
    content = bytearray(path.read_bytes())
    content[content.index(torch.arange(4).numpy().tobytes())] ^= 1
    path.write_bytes(content)
    assert torch.load(path)["a"][0] == 1, "PyTorch sees it now: then this check is needed no more"
    with pytest.raises(RuntimeError, match=r"DataLossError: .*epoch.003.opt.pt cannot be read: wrong checksum of"):
        one._load_model()
    with pytest.raises(RuntimeError, match=r"DataLossError: .*epoch.003.opt.pt"):
        engine(preload_from_files={"000": {"filename": str(path)}})._load_model()
    (tmp_path / "cut.pt").write_bytes(content[:100])
    with pytest.raises(RuntimeError, match="DataLossError: .*cut.pt cannot be read"):
        check_file(str(tmp_path / "cut.pt"))
    engine(preload_from_files={})._load_model()


def test_lost_scores(engine: Callable[..., Played], capsys: pytest.CaptureFixture[str]) -> None:
    from returnn.learning_rate_control import ConstantLearningRate

    one = engine()
    one.learning_rate_control = control = ConstantLearningRate(0.1, filename="rates")  # type: ignore[attr-defined]
    for epoch in (1, 2, 3):
        control.epoch_data[epoch] = control.EpochData(learningRate=0.1, error={"dev_loss_ce": 1.0})
    one._check_missing_eval()
    assert one.said == ["checked"]
    del control.epoch_data[2]
    one._check_missing_eval()
    assert one.said == ["checked"] and "the scores of the epochs [2] are lost" in capsys.readouterr().out
    assert control.epoch_data[2].error == {} and control.epoch_data[2].learning_rate == 0.1
