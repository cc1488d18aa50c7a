"""RETURNN's learning-rate file is read, not evaluated; the best epochs by it."""

from __future__ import annotations

import json
import math
import pathlib
import subprocess
import sys

import pytest

from jobs import learning_rates
from jobs.atomic_file import write_json
from jobs.learning_curves import curves_json, curves_table, draw_curves
from jobs.learning_rates import EpochData, best_epochs, read_learning_rates, score_keys

from .setup_directory import PROJECT

TEXT = """{
1: EpochData(learningRate=np.float32(0.001), error={
':meta:epoch_num_train_steps': 602,
':meta:epoch_train_time_secs': 90,
'dev_error': np.float32(0.25),
'dev_score': 1.5,
'train_score': nan,
}),
2: EpochData(learningRate=0.0005, error={}),
}
"""


def test_file_of_returnn(tmp_path: pathlib.Path) -> None:
    (tmp_path / "rates").write_text(TEXT)
    epochs = read_learning_rates(str(tmp_path / "rates"))
    assert epochs[1].learning_rate == 0.001
    assert epochs[1].scores["dev_error"] == 0.25
    assert math.isnan(epochs[1].scores["train_score"])
    assert epochs[1].seconds == 90 and epochs[2].seconds is None
    assert epochs[2].scores == {}
    assert score_keys(epochs) == ["dev_error", "dev_score", "train_score"]


@pytest.mark.parametrize("text", [TEXT[:60], "", "[1, 2]", "{1: print('executed')}", "{1: EpochData(a=x())}"])
def test_damaged_or_hostile_file(text: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rates").write_text(text)
    with pytest.raises(ValueError, match="no complete learning-rate file"):
        read_learning_rates(str(tmp_path / "rates"))
    assert "executed" not in capsys.readouterr().out


def test_epochs_that_are_known_are_not_parsed_again(tmp_path: pathlib.Path) -> None:
    """RETURNN writes all of them anew after each one."""
    path = tmp_path / "rates"

    def entry(epoch: int, score: float) -> str:
        scores = f"'dev_score': {score},\n'dev_{tmp_path.name}': 1.0,\n"
        return f"{epoch}: EpochData(learningRate=0.001, error={{\n{scores}}}),\n"

    entries = [entry(epoch, 100 - epoch) for epoch in range(1, 400)]
    path.write_text(f"{{\n{''.join(entries)}}}\n")
    assert len(read_learning_rates(str(path))) == 399
    before = learning_rates._part.cache_info().misses
    entries[-1] = entry(399, 0.5)
    path.write_text(f"{{\n{''.join(entries)}{entry(400, 0.25)}}}\n")
    epochs = read_learning_rates(str(path))
    assert learning_rates._part.cache_info().misses - before == 2
    assert [epochs[epoch].scores["dev_score"] for epoch in (1, 398, 399, 400)] == [99, -298, 0.5, 0.25]
    epochs[1].scores.clear()
    assert read_learning_rates(str(path))[1].scores, "each reader has dicts of its own"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "{1: EpochData(learningRate=0.5, error={})}",
        "{\n1: EpochData(learningRate=0.5, error={}),\n1: EpochData(learningRate=0.25, error={}),\n}\n",
        "{\n1: EpochData(learningRate=0.5, error={'a': 1.0}), 2: EpochData(learningRate=0.5, error={}),\n}\n",
        "{\n 1: EpochData(learningRate=0.5, error={\n'a:\\n2: EpochData(': 1.0,\n}),\n}\n",
    ],
)
def test_in_parts_it_is_the_same(text: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rates").write_text(text)
    in_parts = read_learning_rates(str(tmp_path / "rates"))
    monkeypatch.setattr(learning_rates, "_parts", lambda text: None)
    assert repr(in_parts) == repr(read_learning_rates(str(tmp_path / "rates")))


def _epochs(**scores: list[float]) -> dict[int, EpochData]:
    number = max(map(len, scores.values()))
    return {
        epoch: EpochData(0.1, {key: values[epoch - 1] for key, values in scores.items() if epoch <= len(values)}, {})
        for epoch in range(1, number + 1)
    }


def test_best_epochs_without_nan_and_the_earlier_of_equal_ones() -> None:
    epochs = _epochs(dev_score=[2.0, float("nan"), 1.0, 1.0, float("inf")], other=[1.0])
    assert best_epochs(epochs, "dev_score") == [3, 4, 1, 5]
    assert best_epochs(epochs, "other") == [1]


def test_wrong_key_lists_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="no score 'dev_sore'; there are: dev_score, train_score"):
        best_epochs(_epochs(dev_score=[1.0], train_score=[1.0]), "dev_sore")


def test_curves_have_all_epochs_and_all_keys(tmp_path: pathlib.Path) -> None:
    """Also a key that the first epoch does not have."""
    epochs = _epochs(dev_score=[2.0, 1.5], dev_error=[0.5, 0.25], train_score=[float("nan")])
    del epochs[1].scores["dev_error"]
    table = curves_table(epochs)
    assert table.splitlines()[1].split() == ["1", "0.100000", "-", "-", "2.0000", "nan"]
    assert table.splitlines()[2].split() == ["2", "0.100000", "-", "0.2500", "1.5000", "-"]
    write_json(str(tmp_path / "curves.json"), curves_json(epochs))
    entries = json.loads((tmp_path / "curves.json").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert entries["1"]["scores"] == {"dev_score": 2.0, "train_score": None}
    assert entries["2"]["scores"] == {"dev_score": 1.5, "dev_error": 0.25}
    draw_curves(epochs, str(tmp_path / "plot.png"))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_legend_names_each_key(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    labels = []
    monkeypatch.setattr(pyplot, "close", lambda figure: labels.extend(_legend_texts(figure)))
    draw_curves(_epochs(dev_score=[2.0, 1.5], dev_error=[0.5, 0.25], train_score=[3.0]), str(tmp_path / "plot.png"))
    assert sorted(labels) == ["dev_error", "dev_score", "train_score"]


@pytest.mark.parametrize("number", [1, 2, 30])
def test_epochs_are_whole_numbers_on_the_axis(
    number: int, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there is only one so far, whose learning rate is then a point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    ticks: list[float] = []
    monkeypatch.setattr(pyplot, "close", lambda figure: ticks.extend(figure.axes[-1].get_xticks()))
    draw_curves(_epochs(dev_score=[1.0] * number), str(tmp_path / "plot.png"))
    assert ticks and all(tick == round(tick) for tick in ticks)


def _legend_texts(figure: object) -> list[str]:
    legends = [axis.get_legend() for axis in figure.axes]  # type: ignore[attr-defined]
    return [text.get_text() for legend in legends if legend is not None for text in legend.get_texts()]


def test_nothing_heavy_is_imported_with_a_job() -> None:
    """Making a graph imports neither TensorFlow, RETURNN nor matplotlib: they belong into tasks."""
    names = ["training", "search", "forward", "rescoring", "prior", "scoring", "sclite", "export_model", "recognition"]
    program = (
        "import sys, importlib, localsis; localsis.install(); "
        f"[importlib.import_module('jobs.' + name) for name in {names!r}]; "
        "print([name for name in ('tensorflow', 'returnn', 'matplotlib', 'h5py') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"
