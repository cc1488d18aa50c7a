"""What training does with parameters: freezing, weight decay, learning rates of their own, weights that are shared."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames
from ..returnn_training import checkpoint_values, train, training_text

pytestmark = pytest.mark.xdist_group("returnn-1")


class Tagger(nn.Module):
    """Two layers, of which the first learns its input's dim when it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Linear(FEATURES)
        self.scores = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        logits = self.scores(nn.tanh(self.encoder(frames())))
        nn.cross_entropy(logits, classes()).mark_as_loss("ce")
        return logits


def options_of(network: nn.Network) -> dict[str, tuple[bool, Any, Any]]:
    """What a network says of the training of its parameters."""
    return {
        name: (one.trainable, one.weight_decay, one.learning_rate_factor) for name, one in network.parameters.items()
    }


def test_freeze() -> None:
    """What was recorded before stays as it is; a network with frozen parameters is another job."""
    model = Tagger()
    plain = nn.Network(model)
    assert model.encoder.freeze() is model.encoder
    frozen = nn.Network(model)
    assert model.unfreeze() is model
    again = nn.Network(model)
    assert {name for name, option in options_of(frozen).items() if not option[0]} == {"encoder/W", "encoder/b"}
    assert all(option == (True, 0.0, 1.0) for option in options_of(plain).values())
    assert plain.digest == again.digest != frozen.digest
    assert plain.config_text() == again.config_text()
    run = check_agreement(plain, FEEDS, train=True, trains=True).in_returnn
    assert set(run.gradients) == {"encoder/W", "encoder/b", "scores/W", "scores/b"}


@pytest.mark.filterwarnings("ignore:no output and no loss depends on these parameters")
def test_freeze_before_the_first_call() -> None:
    """Parameters that are made later are frozen, too; so are modules that are added later, in lists and dicts."""
    model = Tagger().freeze()
    model.more = nn.ModuleList([nn.Linear(LABELS, LABELS)])
    model.others = {"a": [nn.Linear(LABELS)]}  # type: ignore[assignment]
    nn.Network(model)
    assert model.encoder.W is not None and not model.encoder.W.trainable
    assert not any(parameter.trainable for parameter in model.parameters())
    model.encoder.unfreeze()
    assert model.encoder.W.trainable and not model.scores.W.trainable  # type: ignore[union-attr]


def test_options_of_a_group() -> None:
    """Of a module, of some of its parameters, and of one; a job may give them."""
    model = Tagger()
    model.train_with(weight_decay=1e-4).encoder.train_with(learning_rate_factor=0.5)
    nn.Network(model)
    for name, parameter in model.named_parameters():
        if name.endswith("b"):
            parameter.weight_decay = 0.0
    network = nn.Network(model)
    assert options_of(network) == {
        "encoder/W": (True, 1e-4, 0.5),
        "encoder/b": (True, 0.0, 0.5),
        "scores/W": (True, 1e-4, 1.0),
        "scores/b": (True, 0.0, 1.0),
    }
    assert network.digest != nn.Network(Tagger()).digest


@pytest.mark.parametrize(
    "options, message",
    [
        ({"trainable": 1}, "trainable is True or False, not 1"),
        ({"weight_decay": "much"}, "the weight decay must be a number, not 'much'"),
        (
            {"learning_rate_factor": 0},
            "the factor of the learning rate must be above 0 .trainable=False for none., not 0",
        ),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    """Refused at once, also for a module whose parameters are made later, and for a parameter alone."""
    with pytest.raises(nn.NetworkError, match=message):
        nn.Linear(LABELS).train_with(**options)
    parameter = nn.Parameter([LABELS])
    with pytest.raises(nn.NetworkError, match=message):
        setattr(parameter, *next(iter(options.items())))
    with pytest.raises(nn.NetworkError, match=message):
        nn.Parameter([LABELS], **options)


def trained(model: nn.Module, directory: pathlib.Path, **options: Any) -> dict[str, numpy.ndarray]:
    """The parameters after one step of training, from values of their own."""
    for parameter in model.parameters():
        parameter.initial = nn.Constant(0.25)
    directory.mkdir()
    train(training_text(nn.Network(model), directory, num_epochs=1, **options), directory=directory)
    return checkpoint_values(directory / "net.001")


def model_with_parameters() -> Tagger:
    """Its parameters are there, as it was called once."""
    model = Tagger()
    nn.Network(model)
    return model


def test_learning_rate_factor(tmp_path: pathlib.Path) -> None:
    """
    A tenth of the step, with the optimizer and its options of the others; a frozen parameter stays, and weight decay
    is a part of the gradient.
    """
    plain = trained(model_with_parameters(), tmp_path / "plain")
    slower = model_with_parameters()
    slower.scores.train_with(learning_rate_factor=0.1)
    assert slower.encoder.b is not None
    slower.encoder.b.trainable = False
    slower.encoder.train_with(weight_decay=0.5)
    changed = trained(slower, tmp_path / "slower")
    for name in ("scores/W", "scores/b"):
        step = plain[name] - 0.25
        assert numpy.abs(step).max() > 1e-3
        numpy.testing.assert_allclose(changed[name] - 0.25, 0.1 * step, atol=1e-6)
    numpy.testing.assert_array_equal(changed["encoder/b"], numpy.full(5, 0.25, "float32"))
    numpy.testing.assert_allclose(changed["encoder/W"], plain["encoder/W"] - 0.1 * 2 * 0.5 * 0.25, atol=1e-5)


def test_options_of_the_optimizer_are_kept(tmp_path: pathlib.Path) -> None:
    """RETURNN by itself would take the default ones: here an epsilon that makes steps tiny."""
    optimizer = {"class": "adam", "epsilon": 1e4}
    slower = model_with_parameters()
    slower.scores.train_with(learning_rate_factor=0.5)
    changed = trained(slower, tmp_path / "adam", optimizer=optimizer)
    plain = trained(model_with_parameters(), tmp_path / "plain", optimizer=optimizer)
    step = plain["scores/b"] - 0.25
    assert 0 < numpy.abs(step).max() < 1e-3
    numpy.testing.assert_allclose(changed["scores/b"] - 0.25, 0.5 * step, atol=1e-8)


def test_written_optimizers() -> None:
    """By name, as a dict with a factor of its own, as code; without one, RETURNN's default is asked for."""
    model = Tagger()
    model.scores.train_with(learning_rate_factor=0.5)
    network = nn.Network(model)
    assert '{"class": "adam", "learning_rate_multiplier": 0.5}' in network.config_text(config={"optimizer": "adam"})
    given = {"class": "adam", "beta1": 0.8, "learning_rate_multiplier": 0.5}
    assert '"learning_rate_multiplier": 0.25' in network.config_text(config={"optimizer": given})
    text = network.config_text(config={"optimizer": nn.PythonCode("dict([('class', 'adam'), ('beta1', 0.7)])")})
    names: dict[str, Any] = {}
    exec(text, names)
    options = names["network"]["output"]["updater_opts"]["optimizer"]
    assert options == {"class": "adam", "beta1": 0.7, "learning_rate_multiplier": 0.5}
    assert '"updater_opts": {"optimizer": {"learning_rate_multiplier": 0.5}}' in network.config_text()


class Tied(nn.Module):
    """A language model whose output layer has the matrix of the embedding (Press and Wolf 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.cell = nn.Linear(FEATURES)
        self.bias = nn.Parameter([LABELS], initial=0.0)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            target = loop.unstack(classes())
            loop.state.h = nn.tanh(self.cell(nn.concat(self.embedding(loop.state.label), loop.state.h)))
            logits = nn.dot(loop.state.h, self.embedding.W, reduce=FEATURES) + self.bias
            nn.cross_entropy(logits, target).mark_as_loss("ce")
            loop.state.label = target
            return loop.stack(logits)


def test_tied_weights() -> None:
    """One parameter, which both uses train; values, and gradients against differences of the loss."""
    network = nn.Network(Tied())
    assert set(network.parameters) == {"embedding/W", "cell/W", "cell/b", "bias"}
    run = check_agreement(network, FEEDS, train=True, gradients=True)
    values, logits = run.in_returnn.parameters, run.in_numpy.outputs["output"]
    h = numpy.zeros((3, 5))
    labels, lengths = FEEDS["classes"]
    before = numpy.zeros(3, int)
    for step in range(labels.shape[1]):
        joined = numpy.concatenate([values["embedding/W"][before], h], axis=1)
        h = numpy.tanh(joined @ values["cell/W"] + values["cell/b"])
        wanted = h @ values["embedding/W"].T + values["bias"]
        alive = step < lengths
        numpy.testing.assert_allclose(logits.value[alive, step], wanted[alive], rtol=1e-4, atol=1e-5)
        before = labels[:, step]
    report = nn.check_gradients(network, FEEDS)
    assert report, report
