"""The written config: options, parameters, stages, and that RETURNN trains with it."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import CLASSES, FEATURES, FRAMES, LABELS

DATA = {"class": "DummyDataset", "input_dim": FEATURES.size, "output_dim": LABELS.size, "num_seqs": 12}


class Classifier(nn.Module):
    """Frames to labels."""

    def __init__(self, size: int = 4) -> None:
        super().__init__()
        self.hidden = nn.Linear(FEATURES, size)
        self.labels = nn.Linear(size, LABELS)

    def forward(self) -> nn.Tensor:
        scores = self.labels(nn.tanh(self.hidden(nn.get_extern_data("data"))))
        nn.cross_entropy(scores, nn.get_extern_data("classes")).mark_as_loss("ce")
        return scores


def network(model: nn.Module | None = None) -> nn.Network:
    return nn.Network(model or Classifier(), extern_data=[FRAMES, CLASSES])


def settings(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"__name__": "written"}
    exec(compile(text, "written.config", "exec"), found)
    return found


def test_engine_that_is_none() -> None:
    with pytest.raises(nn.NetworkError, match="'tensorflow', 'torch', not 'pytorch'"):
        network().config_text(engine="pytorch")


def test_options_preamble_and_dims() -> None:
    text = network().config_text(engine="torch", config={"learning_rate": 0.5}, preamble="def given():\n    return 1")
    found = settings(text)
    assert (found["backend"], found["learning_rate"], found["given"]()) == ("torch", 0.5, 1)
    assert [dim.dimension for dim in found["extern_data"]["data"]["dim_tags"]] == [None, None, FEATURES.size]
    assert text.index("learning_rate = ") < text.index("extern_data = ") < text.index("def get_model")


def test_only_functions_that_are_used() -> None:
    text = network().config_text(engine="torch")
    assert "def cross_entropies(" in text and "def lstm_over(" not in text and "import itertools" not in text


def test_initial_values(tmp_path: pathlib.Path) -> None:
    values = numpy.arange(20.0, dtype="float32").reshape(4, 5)
    numpy.save(tmp_path / "values.npy", values)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.glorot = nn.Parameter([40, 50])
            self.uniform = nn.Parameter([40, 50], initial=nn.Uniform(0.5))
            self.normal = nn.Parameter([40, 50], initial=nn.Normal(0.25))
            self.same = nn.Parameter([5], initial=0.125)
            self.file = nn.Parameter([4, 5], initial=nn.NumpyFile(str(tmp_path / "values.npy")))
            self.train = nn.Module()  # a name that torch.nn.Module has a method of
            self.train.half = nn.Parameter([3], trainable=False)

        def forward(self) -> nn.Tensor:
            matrices = (self.glorot, self.uniform, self.normal)
            total = sum((nn.reduce_sum(one, [40, 50]) for one in matrices), nn.reduce_sum(self.same, 5))
            total = total + nn.reduce_sum(self.file, [4, 5]) + nn.reduce_sum(self.train.half, 3)
            return nn.get_extern_data("data") + total

    found = settings(network(Model()).config_text(engine="torch"))
    model = found["get_model"]()
    values_by_name = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    assert set(values_by_name) == {"glorot", "uniform", "normal", "same", "file", "train.half"}
    limit = numpy.sqrt(6 / 90)
    assert 0.9 * limit < numpy.abs(values_by_name["glorot"]).max() <= limit
    assert 0.45 < numpy.abs(values_by_name["uniform"]).max() <= 0.5
    assert 0.22 < values_by_name["normal"].std() < 0.28
    assert (values_by_name["same"] == 0.125).all()
    numpy.testing.assert_array_equal(values_by_name["file"], values)
    assert not model["train/half"].requires_grad and model["same"].requires_grad
    assert set(model.state_dict()) == set(values_by_name)


def test_stages() -> None:
    """The network follows the epoch; the model has the parameters of all stages."""
    model = Classifier()

    def first() -> nn.Tensor:
        return model.hidden(nn.get_extern_data("data"))

    class Begin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self.other = model.hidden, nn.Linear(4, LABELS)

        def forward(self) -> nn.Tensor:
            nn.cross_entropy(self.other(first()), nn.get_extern_data("classes")).mark_as_loss("ce")
            return first()

    staged = nn.StagedNetwork({1: network(Begin()), 3: network(model)})
    found = settings(staged.config_text(engine="torch"))
    names = {name for name, _ in found["get_model"]().named_parameters()}
    assert names == {f"{module}.{name}" for module in ("hidden", "other", "labels") for name in ("W", "b")}
    assert "epoch >= 3" in staged.config_text(engine="torch")


def test_stages_of_other_shapes_are_refused() -> None:
    staged = nn.StagedNetwork({1: network(Classifier(3)), 2: network(Classifier(4))}, copy_param_mode="subset")
    with pytest.raises(nn.NetworkError, match=r"from epoch 2 on parameter 'hidden/W' has the shape \(5, 4\)"):
        staged.config_text(engine="torch")


def test_training_in_returnn(tmp_path: pathlib.Path) -> None:
    """With weight decay and learning rates of their own: two epochs by ``python -m returnn``."""
    model = Classifier()
    model.hidden.train_with(weight_decay=0.01, learning_rate_factor=0.5)
    model.labels.freeze()
    options = {
        **{"task": "train", "device": "cpu", "train": DATA, "dev": DATA, "batch_size": 100, "num_epochs": 2},
        **{"optimizer": {"class": "adam", "epsilon": 1e-8}, "learning_rate": 0.01, "log_verbosity": 5},
        **{"model": str(tmp_path / "epoch"), "learning_rate_file": str(tmp_path / "learning_rates")},
    }
    config = tmp_path / "returnn.config"
    config.write_text(network(model).config_text("cpu", engine="torch", config=options), encoding="utf-8")
    command = [sys.executable, "-m", "returnn", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    import torch

    first, second = (torch.load(tmp_path / f"epoch.00{epoch}.pt")["model"] for epoch in (1, 2))
    assert not torch.equal(first["hidden.W"], second["hidden.W"])
    assert torch.equal(first["labels.W"], second["labels.W"])
    assert "learning_rate_multiplier" in done.stdout + done.stderr or "Parameter Group 1" in done.stdout + done.stderr
    assert "dev_loss_ce" in (tmp_path / "learning_rates").read_text(encoding="utf-8")
