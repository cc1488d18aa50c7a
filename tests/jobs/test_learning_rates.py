"""RETURNN's learning-rate file is read, not evaluated."""

from __future__ import annotations

import pathlib

import pytest

from jobs.learning_curves import draw, score_keys, table
from jobs.learning_rates import read_learning_rates

TEXT = """{
1: EpochData(learningRate=np.float32(0.001), error={
':meta:epoch_num_train_steps': 602,
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
    assert epochs[1].scores["train_score"] != epochs[1].scores["train_score"]
    assert epochs[2].scores == {}
    assert score_keys(epochs) == ["dev_error", "dev_score", "train_score"]
    assert "0.2500" in table(epochs)
    draw({1: epochs[1]}, str(tmp_path / "plot.png"))
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("text", [TEXT[:60], "", "[1, 2]", "{1: print('executed')}", "{1: EpochData(a=x())}"])
def test_damaged_or_hostile_file(text: str, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "rates").write_text(text)
    with pytest.raises(ValueError, match="no complete learning-rate file"):
        read_learning_rates(str(tmp_path / "rates"))
    assert "executed" not in capsys.readouterr().out
