"""A network that was pickled is the same one when it is read, without the model that it was recorded from."""

from __future__ import annotations

import pickle
import pickletools

import numpy
import pytest

from recipe import nn
from recipe.nn.canonical.form import canonical_form

from ..agreement import random_parameters
from ..golden_networks import NETWORKS
from ..inputs import CLASSES, FEATURES, FEEDS, FRAMES


@pytest.mark.parametrize("name", NETWORKS)
def test_read_again(name: str) -> None:
    network = NETWORKS[name]()
    read = pickle.loads(pickle.dumps(network))
    assert canonical_form(read).digest == read.digest == network.digest
    assert read.config_text("cpu") == network.config_text("cpu")
    assert read.config_text("gpu") == network.config_text("gpu")
    assert (read.summary(), read.picture()) == (network.summary(), network.picture())


def test_model_is_not_pickled() -> None:
    """Its class may be one that no other process finds; nothing of a state leads to it, as its initial value might."""

    class Local(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            x = self.linear(nn.get_extern_data(FRAMES))
            last = nn.State(nn.reduce_max(x, axis="T"))
            with nn.Loop() as loop:
                frame = loop.unstack(x)
                with nn.MaskedComputation(loop.unstack(nn.get_extern_data(CLASSES)) != 3):
                    last.assign(nn.tanh(frame + last))
                return loop.stack(last)

    network = nn.Network(Local())
    data = pickle.dumps(network)
    texts = {argument for _, argument, _ in pickletools.genops(data) if isinstance(argument, str)}
    assert "LoopOp" in texts and not texts & {"Local", "Module", "ModuleNames", "Recording", "State"}
    read, parameters = pickle.loads(data), random_parameters(network)
    assert canonical_form(read).digest == network.digest
    expected = nn.run_numpy(network, FEEDS, parameters).outputs["output"].value
    numpy.testing.assert_array_equal(nn.run_numpy(read, FEEDS, parameters).outputs["output"].value, expected)


def test_deep_program() -> None:
    """Pickle alone gives up where one object leads to the next some hundred times."""

    def model() -> nn.Tensor:
        x = nn.get_extern_data(FRAMES)
        for _ in range(2000):
            x = x + 1.0
        return x

    network = nn.Network(model)
    assert pickle.loads(pickle.dumps(network)).digest == network.digest
