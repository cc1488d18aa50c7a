"""Checkpoints of both engines: their values, conversion there and back, and jobs that read either."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.average_checkpoints import AverageCheckpointsJob
from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint, torch_name, write_checkpoint
from jobs.combine_checkpoints import CombineCheckpointsJob
from jobs.convert_checkpoint import ConvertCheckpointJob, for_engine
from jobs.engines import MissingEngine
from recipe import nn

pytestmark = pytest.mark.xdist_group("returnn-2")
torch = pytest.importorskip("torch", reason="converts to PyTorch")

RunJob = Callable[[Any], Any]
# all bit patterns that conversions by way of numbers lose: signed zeros, a signalling NaN, a denormal, infinity
BITS = numpy.array([0, 0x80000000, 0x7F800001, 0xFFC00123, 1, 0x7F800000, 0x3DCCCCCD], "uint32").view("float32")
VALUES = {
    "encoder/layers/0/W": BITS[None],
    "encoder/layers/0/b": BITS,
    "scale": numpy.array(0.1, "float32"),
    "nothing": numpy.zeros([0, 3], "float32"),
    "count": numpy.arange(3, dtype="int32"),
}


def written(directory: pathlib.Path, epoch: int = 3, scale: float = 1.0) -> Checkpoint:
    """A checkpoint as RETURNN on PyTorch writes it."""
    path = directory / f"epoch.{epoch:03d}.pt"
    model = {name.replace("/", "."): torch.from_numpy(numpy.array(value)) for name, value in VALUES.items()}
    model["scale"] = torch.tensor(scale)
    content = {"model": model, "epoch": epoch, "step": 70, "effective_learning_rate": 0.1, "returnn_version": "1"}
    torch.save(content, path)
    return Checkpoint(tk.Path(str(path)))


def same_bits(left: dict[str, numpy.ndarray], right: dict[str, numpy.ndarray]) -> bool:
    return left.keys() == right.keys() and all(
        (value.dtype, value.shape, value.tobytes()) == (right[name].dtype, right[name].shape, right[name].tobytes())
        for name, value in left.items()
    )


def test_there_and_back(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """No bit changes, and each way keeps the name of the file, which says the epoch."""
    first = written(tmp_path)
    to_tensorflow = run_job(ConvertCheckpointJob(first.path, "tensorflow")).out_checkpoint
    assert to_tensorflow.engine == "tensorflow" and to_tensorflow.path.get_path().endswith("/epoch.003.index")
    assert to_tensorflow.exists()
    back = run_job(ConvertCheckpointJob(to_tensorflow.path, "torch")).out_checkpoint
    again = run_job(ConvertCheckpointJob(back.path, "tensorflow")).out_checkpoint
    values = [read_checkpoint(checkpoint) for checkpoint in (first, to_tensorflow, back, again)]
    assert values[0]["encoder/layers/0/b"].tobytes() == BITS.tobytes() and values[0]["global_step"] == 70
    assert all(same_bits(values[0], other) for other in values[1:])
    contents = [torch.load(checkpoint.path.get_path()) for checkpoint in (first, back)]
    assert [content["epoch"] for content in contents] == [3, 3] and contents[1]["step"] == 70
    for ending in (".index", ".data-00000-of-00001"):
        files = [pathlib.Path(checkpoint.prefix() + ending) for checkpoint in (to_tensorflow, again)]
        assert files[0].read_bytes() == files[1].read_bytes()


def test_only_where_the_engine_differs(tmp_path: pathlib.Path) -> None:
    checkpoint = Checkpoint(tk.Path("elsewhere/epoch.010.index"))
    assert for_engine(checkpoint, "tensorflow") is checkpoint
    converted = for_engine(checkpoint, "torch")
    assert converted.engine == "torch" and for_engine(checkpoint, "torch").path.creator is converted.path.creator
    assert isinstance(converted.path.creator, ConvertCheckpointJob)
    with pytest.raises(nn.NetworkError, match="engine is one of 'tensorflow', 'torch', not 'jax'"):
        for_engine(checkpoint, "jax")
    with pytest.raises(ValueError, match="model.npz is no checkpoint: give the .index file"):
        Checkpoint(tk.Path("model.npz"))


def test_name_that_pytorch_cannot_have() -> None:
    assert torch_name("a/0/W") == "a.0.W"
    with pytest.raises(ValueError, match=r"the parameter a\.b/W has a dot in its name"):
        torch_name("a.b/W")


@pytest.mark.parametrize("damage", ["truncated", "empty", "garbage", "flipped", "no model"])
def test_damaged(damage: str, tmp_path: pathlib.Path) -> None:
    checkpoint = written(tmp_path)
    path = pathlib.Path(checkpoint.path.get_path())
    content = path.read_bytes()
    place = content.index(BITS.tobytes())
    flipped = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
    damaged = {"truncated": content[: len(content) // 2], "empty": b"", "garbage": b"no such file", "flipped": flipped}
    if damage == "no model":
        torch.save({"step": 1}, path)
    else:
        path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"epoch.003.pt cannot be read, it is damaged"):
        read_checkpoint(checkpoint)


def test_pickled_code_is_not_run(tmp_path: pathlib.Path) -> None:
    class Hostile:
        def __reduce__(self) -> Any:
            return (pathlib.Path.touch, (tmp_path / "executed",))

    torch.save({"model": Hostile(), "step": 1}, tmp_path / "epoch.001.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        read_checkpoint(Checkpoint(tk.Path(str(tmp_path / "epoch.001.pt"))))
    assert not (tmp_path / "executed").exists()


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_average_and_combination(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    checkpoints = [written(tmp_path, epoch, scale) for epoch, scale in ((3, 1.0), (4, 2.0))]
    average = run_job(AverageCheckpointsJob(tk.Path(str(tmp_path)), [3, 4], engine="torch")).out_checkpoint
    assert average.engine == "torch" and average.exists()
    values = read_checkpoint(average)
    assert values["scale"] == 1.5 and values["global_step"] == 70 and values["count"].tolist() == [0, 1, 2]
    names = [{"first/scale": "scale"}, {"second/scale": "scale", "second/W": "encoder/layers/0/W"}]
    combined = run_job(CombineCheckpointsJob([one.path for one in checkpoints], names)).out_checkpoint
    values = read_checkpoint(combined)
    assert values["first/scale"] == 1.0 and values["second/scale"] == 2.0 and values["second/W"].shape == (1, 7)
    assert torch.load(combined.path.get_path())["epoch"] == 3
    with pytest.raises(ValueError, match="checkpoints of tensorflow and torch cannot be combined"):
        CombineCheckpointsJob([checkpoints[0].path, tk.Path("a.index")], names)


def test_engine_that_is_not_installed(tmp_path: pathlib.Path, run_job: RunJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "tensorflow" else name)
    with pytest.raises(MissingEngine, match=r"TensorFlow is not installed .* make venv ENGINE=tensorflow"):
        run_job(ConvertCheckpointJob(written(tmp_path).path, "tensorflow"))


@pytest.mark.parametrize(("engine", "other"), [("torch", "tensorflow"), ("tensorflow", "torch")])
def test_values_are_read_and_written_without_the_other_engine(engine: str, other: str, tmp_path: pathlib.Path) -> None:
    source = written(tmp_path)
    if engine == "tensorflow":
        target = Checkpoint(tk.Path(str(tmp_path / "converted.index")))
        write_checkpoint(target, read_checkpoint(source), like=source)
        source = target
    program = f"""
import sys
sys.modules[{other!r}] = None  # so that its import fails
import localsis
localsis.install()
from sisyphus import tk
from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint, write_checkpoint
source = Checkpoint(tk.Path({source.path.get_path()!r}))
target = Checkpoint(tk.Path({str(tmp_path / "copy")!r} + source.files[-1]))
write_checkpoint(target, read_checkpoint(source), like=source)
assert sorted(read_checkpoint(target)) == {sorted([*VALUES, "global_step"])!r}
"""
    subprocess.run([sys.executable, "-c", program], check=True)
