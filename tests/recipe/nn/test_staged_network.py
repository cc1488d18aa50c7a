"""Networks that follow each other in one training: the written config, the hash, and RETURNN over the switch."""

from __future__ import annotations

import pathlib
import warnings
from typing import Any

import numpy
import pytest

from recipe import nn

from .inputs import CLASSES, FEATURES, FRAMES, LABELS
from .returnn_training import FEEDS, checkpoint_values, train, training_text

pytestmark = pytest.mark.xdist_group("returnn-1")


class Growing(nn.Module):
    """A classifier of frames, of which the first ``depth`` layers are used."""

    def __init__(self) -> None:
        super().__init__()
        dim = nn.Dim(6, name="hidden")
        self.layers = nn.ModuleList([nn.Linear(FEATURES, dim), nn.Linear(dim, dim)])
        self.output = nn.Linear(dim, LABELS)

    def forward(self, depth: int) -> nn.Tensor:
        x = nn.get_extern_data(FRAMES)
        for layer in list(self.layers)[:depth]:
            x = nn.tanh(layer(x))
        logits = self.output(x)
        nn.cross_entropy(logits, nn.get_extern_data(CLASSES)).mark_as_loss("cross_entropy")
        return logits


def stages() -> tuple[nn.Network, nn.Network]:
    """Of one model: with one layer, which leaves parameters unused, and with two."""
    model = Growing()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.NetworkWarning)
        return nn.Network(model, depth=1), nn.Network(model, depth=2)


def two_stages(**kwargs: Any) -> nn.StagedNetwork:
    small, full = stages()
    return nn.StagedNetwork({1: small, 3: full}, **kwargs)


def settings_of(text: str) -> dict[str, Any]:
    """What the config defines, run as plain Python."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<config>", "exec"), namespace)
    return namespace


def test_get_network() -> None:
    settings = settings_of(two_stages().config_text("cpu"))
    assert "network" not in settings and set(settings["extern_data"]) == {"data", "classes"}
    layers = [set(settings["get_network"](epoch=epoch)) for epoch in (1, 2, 3, 100)]
    assert layers[0] == layers[1] and layers[2] == layers[3]
    assert layers[2] - layers[0] == {"layers_1", "layers_1_W", "layers_1_b"}
    last = settings["get_network"](3)["layers_1_W"]
    assert last["shape"][0] is settings["get_network"](1)["layers_0_W"]["shape"][1]


def test_hash_covers_stages_epochs_and_mode() -> None:
    small, full = stages()
    by_epoch: list[dict[int, nn.Network]] = [{1: small}, {1: full}, {1: small, 3: full}, {1: small, 4: full}]
    networks = [nn.StagedNetwork(one) for one in by_epoch] + [nn.StagedNetwork(by_epoch[2], copy_param_mode="subset")]
    networks.append(nn.StagedNetwork(by_epoch[2], options={1: {"batch_size": 20}}))
    assert len({network.digest for network in networks}) == 6
    assert nn.StagedNetwork(by_epoch[2], options={1: {}}).digest == networks[2].digest
    assert two_stages().digest == networks[2].digest
    assert networks[2].network_at(2) is small and networks[2].network_at(3) is full and networks[2].last is full


def test_errors() -> None:
    small, _ = stages()
    with pytest.raises(nn.NetworkError, match="start with epochs from 1 on"):
        nn.StagedNetwork({2: small})
    with pytest.raises(nn.NetworkError, match=r"options from epochs \[3\] on, but stages of \[1\]"):
        nn.StagedNetwork({1: small}, options={3: {"batch_size": 20}})
    with pytest.raises(nn.NetworkError, match="copy_param_mode is one of"):
        nn.StagedNetwork({1: small}, copy_param_mode="some")
    narrow, wide = (nn.Network(OneLayer(size)) for size in (6, 9))
    with pytest.raises(nn.NetworkError, match=r"from epoch 2 on .*\n  output/W \[features=5, 6\].*, \[features=5, 9\]"):
        nn.StagedNetwork({1: narrow, 2: wide})
    nn.StagedNetwork({1: narrow, 2: wide}, copy_param_mode="subset")
    frames = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="other_time"), FEATURES])
    with pytest.raises(nn.NetworkError, match="same Dim objects in all stages"):
        nn.StagedNetwork({1: small, 2: nn.Network(lambda: nn.tanh(nn.get_extern_data(frames)))})


class OneLayer(nn.Module):
    """A network with parameters ``output/W`` and ``output/b`` of a size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, size)
        self.scores = nn.Linear(size, LABELS)

    def forward(self) -> None:
        logits = self.scores(self.output(nn.get_extern_data(FRAMES)))
        nn.cross_entropy(logits, nn.get_extern_data(CLASSES)).mark_as_loss("cross_entropy")


def step_of(checkpoint: pathlib.Path) -> int:
    """How many steps a training had made when it wrote a checkpoint."""
    import tensorflow as tf

    return int(tf.train.load_checkpoint(str(checkpoint)).get_tensor("global_step"))


def test_returnn_over_the_switch(tmp_path: pathlib.Path) -> None:
    """
    Parameters go on, new ones appear with their initial values and are trained; also where the training was interrupted
    just before the switch.
    """
    texts = [
        training_text(two_stages(), tmp_path, num_epochs=2),
        # a rate of 0 shows what the third epoch starts with
        training_text(two_stages(), tmp_path, num_epochs=3, learning_rates=[0.1, 0.1, 0.0]),
        training_text(two_stages(), tmp_path, num_epochs=4, learning_rates=[0.1] * 4),
    ]
    train(*texts, directory=tmp_path)
    before, after, trained = (checkpoint_values(tmp_path / f"net.00{epoch}") for epoch in (2, 3, 4))
    assert set(before) == {"layers/0/W", "layers/0/b", "output/W", "output/b"}
    assert set(after) == {*before, "layers/1/W", "layers/1/b"}
    for name, value in before.items():
        numpy.testing.assert_array_equal(after[name], value, err_msg=name)
    assert 0.01 < numpy.abs(after["layers/1/W"]).max() < 1.0 and not after["layers/1/b"].any()
    assert all(numpy.abs(trained[name] - value).max() > 1e-4 for name, value in after.items())


def test_a_parameter_grows_in_returnn(tmp_path: pathlib.Path) -> None:
    """The switch within one run; the second stage has batches of its own size: one sequence in place of all."""
    narrow, wide = (nn.Network(OneLayer(size)) for size in (3, 6))
    network = nn.StagedNetwork({1: narrow, 2: wide}, copy_param_mode="subset", options={2: {"max_seqs": 1}})
    text = training_text(network, tmp_path, num_epochs=2, learning_rates=[0.1, 0.0], max_seqs=100)
    train(text, directory=tmp_path)
    steps = [step_of(tmp_path / f"net.00{epoch}") for epoch in (1, 2)]
    assert steps == [1, len(FEEDS["data"][1])]  # RETURNN counts anew, as its optimizer does
    before, after = checkpoint_values(tmp_path / "net.001"), checkpoint_values(tmp_path / "net.002")
    assert after["output/W"].shape == (5, 6)
    numpy.testing.assert_array_equal(after["output/W"][:, :3], before["output/W"])
    numpy.testing.assert_array_equal(after["scores/W"][:3], before["scores/W"])
