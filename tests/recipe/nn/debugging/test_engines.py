"""``nn.check`` with one engine or none: asked for, or not installed."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from recipe import nn
from recipe.nn.ops.activation import Activation
from recipe.nn.torch_code import rule

from ..inputs import FEEDS, vector
from .models import Tagger, needs_returnn, without

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_one_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference in one is told as its own; the other one is the same."""
    needs_returnn()
    monkeypatch.setitem(rule._RULES, Activation, lambda op, code: f"torch.{op.kind}({code.of(op.inputs[0])}) + 0.1")
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert report.engines["tensorflow"].ok and not report.engines["torch"].ok and not report
    assert report.first is not None and report.first.tensor.op.name == "tanh"
    assert str(report).startswith("NumPy and RETURNN on PyTorch differ:\n  loss ce: ")
    assert "\nsame in NumPy and RETURNN on TensorFlow: loss ce, output output, gradients of 4 parameters" in str(report)
    report = nn.check(nn.Network(Tagger()), FEEDS, engines=["tensorflow"])
    assert report and list(report.engines) == ["tensorflow"]
    with pytest.raises(nn.NetworkError, match="the engine is one of 'tensorflow', 'torch', not 'pytorch'"):
        nn.check(nn.Network(Tagger()), FEEDS, engines=["pytorch"])


def test_without_returnn(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy alone is run; what is not finite is told all the same."""
    without(monkeypatch, "returnn", "tensorflow", "torch")
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert report and str(report).splitlines() == [
        "run in NumPy alone",
        'without RETURNN on TensorFlow: returnn and tensorflow is not installed, pip install ".[tensorflow]"',
        'without RETURNN on PyTorch: returnn and torch is not installed, pip install ".[torch]"',
    ]
    assert report.run is not None and "state h" in report.run.trace.arrays()  # type: ignore[union-attr]
    assert not nn.check(nn.Network(lambda: nn.sqrt(vector())), FEEDS)


@pytest.mark.parametrize("package, title", [("tensorflow", "RETURNN on PyTorch"), ("torch", "RETURNN on TensorFlow")])
def test_without_one_engine(monkeypatch: pytest.MonkeyPatch, package: str, title: str) -> None:
    """The other one is compared; the report says what to install. To ask for the one that is missing is a failure."""
    needs_returnn()
    without(monkeypatch, package)
    report = nn.check(nn.Network(Tagger()), FEEDS)
    first, second = str(report).splitlines()
    assert report and first.startswith(f"same in NumPy and {title}: loss ce, ")
    assert second.startswith("without RETURNN on ")
    assert second.endswith(f': {package} is not installed, pip install ".[{package}]"')
    report = nn.check(nn.Network(Tagger()), FEEDS, engines=[package])
    assert not report and report.failures == [second]
    assert str(report).splitlines() == [second, "run in NumPy alone"]


def test_nothing_is_imported_before(tmp_path: pathlib.Path) -> None:
    """Neither engine is imported with the language, nor where it is not used."""
    code = "import sys; from recipe import nn; import jobs.check.check_config\n"
    code += "assert not {'torch', 'tensorflow', 'returnn'} & set(sys.modules), sys.modules.keys()"
    project = pathlib.Path(__file__).resolve().parents[4]
    start = "import localsis.module; localsis.module.install()\n"
    subprocess.run([sys.executable, "-c", start + code], cwd=project, check=True)
