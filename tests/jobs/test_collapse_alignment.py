"""From CTC's frame labels to label sequences."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.ctc_collapse import CtcCollapseJob, collapsed


def test_collapsed() -> None:
    assert collapsed("_ a a _ a b b".split(), "_") == ("a", "a", "b")
    assert collapsed(["_", "_"], "_") == ()


def job(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, text: str) -> tuple[CtcCollapseJob, pathlib.Path]:
    source, target = tmp_path / "frames.jsonl", tmp_path / "labels.jsonl"
    source.write_text(text)
    made = CtcCollapseJob(tk.Path(str(source)), blank="_")
    monkeypatch.setattr(made, "out_hypotheses", tk.Path(str(target)))
    return made, target


def test_equal_hypotheses_are_joined(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    hypotheses: list[dict[str, Any]] = [
        {"labels": ["b", "b", "_"], "score": -1.0},
        {"labels": ["a", "_", "_"], "score": -1.2},
        {"labels": ["a", "a", "_"], "score": -1.3},
    ]
    made, target = job(monkeypatch, tmp_path, json.dumps({"seq_tag": "x", "hypotheses": hypotheses}) + "\n")
    made.run()
    (first, second) = json.loads(target.read_text())["hypotheses"]
    assert (first["labels"], second["labels"]) == (["a"], ["b"])
    assert math.isclose(first["score"], math.log(math.exp(-1.2) + math.exp(-1.3)))
    assert second["score"] == -1.0


def test_malformed_line(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    made, target = job(monkeypatch, tmp_path, '{"seq_tag": "x"}\n')
    with pytest.raises(ValueError, match=r"frames\.jsonl:1: no hypotheses as JSON"):
        made.run()
    assert not target.exists()
