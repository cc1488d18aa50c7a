"""``nn.check_gradients``: RETURNN's gradients against differences of the loss in NumPy."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.debugging import returnn_network, torch_network
from recipe.nn.record.arrays import Arrays
from recipe.nn.record.form import Form
from recipe.nn.record.graph import Op

from ..inputs import FEATURES, FEEDS, LABELS, classes, frames
from ..test_transducer import FEEDS as TRANSDUCER_FEEDS
from ..test_transducer import Transducer
from .models import Tagger, needs_returnn, without

pytestmark = pytest.mark.xdist_group("returnn-1")


class Speech(nn.Module):
    """What has a special meaning in NumPy: an LSTM, a convolution, CTC; two losses with scales, one error."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, FEATURES, 3)
        self.lstm = nn.Lstm(FEATURES, FEATURES)
        self.frozen = nn.Linear(FEATURES)
        for parameter in self.frozen.parameters():
            parameter.trainable = False
        self.ctc = nn.Linear(LABELS + 1)
        self.scores = nn.Linear(LABELS)

    def forward(self) -> None:
        y, _ = self.lstm(self.frozen(nn.relu(self.conv(frames()))))
        nn.ctc_loss(self.ctc(y), classes()).mark_as_loss("ctc", scale=0.3)
        scores = self.scores(y)
        nn.cross_entropy(scores, classes(), label_smoothing=0.1).mark_as_loss("ce", scale=2.0)
        nn.frame_error(scores, classes()).mark_as_loss("fer", as_error=True)


@pytest.mark.parametrize("model, feeds", [(Tagger, FEEDS), (Speech, FEEDS), (Transducer, TRANSDUCER_FEEDS)])
def test_right(model: Any, feeds: dict[str, Any]) -> None:
    """All parameters, along a direction and by single numbers."""
    needs_returnn()
    network = nn.Network(model())
    report = nn.check_gradients(network, feeds)
    assert report and report.ok, report
    trained = {name for name, parameter in network.parameters.items() if parameter.trainable}
    assert set(report.parameters) == trained
    assert [set(one) for one in report.engines.values()] == [trained, trained]
    assert str(report).startswith(
        f"same in NumPy, RETURNN on TensorFlow and RETURNN on PyTorch: the gradients of {len(trained)} parameters, up "
    )
    assert all(1 <= len(one.numbers) <= 5 for one in report.parameters.values())
    assert any(abs(one.along[0]) > 1e-2 for one in report.parameters.values())
    assert max(one.distance for one in report.parameters.values()) < 1e-4


def test_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """One number that is wrong is found among few; NaN; a parameter that is not trained."""
    needs_returnn()
    gradients = returnn_network.ReturnnNetwork.gradients
    network = nn.Network(Tagger())

    def wrong(self: Any, feeds: Any) -> dict[str, numpy.ndarray]:
        found = {name: numpy.array(value) for name, value in gradients(self, feeds).items()}
        found["scores/b"][2] += 1.0
        found["cell/W"][3, 1] = numpy.nan
        return found

    monkeypatch.setattr(returnn_network.ReturnnNetwork, "gradients", wrong)
    report = nn.check_gradients(network, FEEDS, numbers=7)
    assert not report and {name for name, one in report.parameters.items() if one.text} == {"scores/b", "cell/W"}
    assert "gradient of cell/W: nan in TensorFlow at " in str(report)
    assert " by differences in NumPy, " in str(report) and "at labels 2; 1 of 7 numbers differ" in str(report)
    monkeypatch.setattr(
        returnn_network.ReturnnNetwork, "trained_names", property(lambda self: {"scores/b", "cell/W", "cell/b"})
    )
    assert "gradient of scores/W: TensorFlow does not train it" in str(nn.check_gradients(network, FEEDS))


def test_what_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network without losses; no engine; one that fails."""
    with pytest.raises(nn.NetworkError, match="no loss that is trained on"):
        nn.check_gradients(nn.Network(frames), FEEDS)
    network = nn.Network(Tagger())
    with monkeypatch.context() as patch:
        without(patch, "returnn", "tensorflow", "torch")
        report = nn.check_gradients(network, FEEDS)
    assert not report and str(report).splitlines()[0] == "nothing to compare with"
    assert str(report).splitlines()[2].startswith("without RETURNN on PyTorch: returnn and torch is not installed")
    needs_returnn()
    with monkeypatch.context() as patch:
        without(patch, "torch")
        report = nn.check_gradients(network, FEEDS)
        assert report and str(report).startswith("same in NumPy and RETURNN on TensorFlow: the gradients of 4 ")
        assert str(report).endswith('\nwithout RETURNN on PyTorch: torch is not installed, pip install ".[torch]"')
        assert not nn.check_gradients(network, FEEDS, engines=["torch"])
    monkeypatch.setattr(returnn_network.TensorFlow, "built", lambda *args, **kwargs: 1 / 0)
    report = nn.check_gradients(network, FEEDS)
    assert str(report).startswith(
        "RETURNN on TensorFlow fails: ZeroDivisionError: division by zero\nsame in NumPy and "
    )


def test_wrong_in_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as that of PyTorch; of each parameter, the report has the one that is furthest away."""
    needs_returnn()
    gradients = torch_network.TorchNetwork.gradients

    def doubled(self: Any, feeds: Any) -> dict[str, numpy.ndarray]:
        return {name: value * (2 if name == "cell/W" else 1) for name, value in gradients(self, feeds).items()}

    monkeypatch.setattr(torch_network.TorchNetwork, "gradients", doubled)
    report = nn.check_gradients(nn.Network(Tagger()), FEEDS)
    assert [name for name, one in report.parameters.items() if one.text] == ["cell/W"]
    assert not any(one.text for one in report.engines["tensorflow"].values())
    assert str(report).startswith("NumPy and RETURNN on PyTorch differ:\n  gradient of cell/W: ")
    assert " in PyTorch at " in str(report) and "\nsame in NumPy and RETURNN on TensorFlow: the " in str(report)


def test_precise() -> None:
    """NumPy in float64: the slope of a square is right to 10 digits."""

    class Square(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter([FEATURES])

        def forward(self) -> None:
            (nn.reduce_sum(frames() * self.weight, FEATURES) ** 2.0).mark_as_loss()

    network = nn.Network(Square())
    weight = numpy.linspace(-1.0, 1.0, 5)

    def loss(values: numpy.ndarray, precise: bool) -> float:
        return nn.run_numpy(network, FEEDS, {"weight": values}, precise=precise).total_loss

    value, lengths = FEEDS["data"]
    counts = numpy.arange(value.shape[1])[None] < lengths[:, None]
    x = value.astype("float64")[counts]
    wanted = (2 * (x @ weight)[:, None] * x).sum(axis=0)
    step = 1e-4 * numpy.eye(5)
    slopes = [(loss(weight + one, True) - loss(weight - one, True)) / 2e-4 for one in step]
    numpy.testing.assert_allclose(slopes, wanted, rtol=1e-9)
    rough = [(loss(weight + one, False) - loss(weight - one, False)) / 2e-4 for one in step]
    assert not numpy.allclose(rough, wanted, rtol=1e-9)


@pytest.mark.parametrize("factor", [0.0, -2.0])
def test_scaled_gradients(factor: float) -> None:
    """Where the gradient is stopped or scaled, differences are, too; outside of loops and in them."""
    needs_returnn()

    class Scaled(Op):
        """RETURNN's ``scaled_grad``."""

        name = "scaled"
        gradient_factor = factor

        def infer(self) -> None:
            self.set_output(self.inputs[0].known_dims)

        def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:  # type: ignore[override]
            return x

        def form(self) -> Form:
            return Form("scaled_grad", {"from": self.inputs[0], "scale": self.gradient_factor})

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.below, self.cell = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES)

        def forward(self) -> None:
            x = Scaled(nn.tanh(self.below(frames()))).output
            loop = nn.Loop()
            loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                loop.state.h = nn.tanh(self.cell(nn.concat(Scaled(loop.state.h).output, loop.unstack(x))))
                (nn.reduce_sum(loop.state.h, FEATURES) ** 2.0).mark_as_loss("square")

    report = nn.check_gradients(nn.Network(Model()), FEEDS, engines=["tensorflow"])  # the op is known nowhere else
    assert report, report
    slopes = report.parameters["below/W"].along
    assert (slopes == (0.0, 0.0)) == (factor == 0.0)
