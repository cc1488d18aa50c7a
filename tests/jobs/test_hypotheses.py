"""Files of hypotheses, references and transcripts, with hostile tags."""

from __future__ import annotations

import json
import math
import pathlib

import pytest
from sisyphus import tk

from jobs.hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from jobs.references import Reference, read_references, write_references
from jobs.transcript_keys import trn_keys
from jobs.transcripts import decode_tag, encode_label, encode_tag, write_ctm, write_trn

HOSTILE = ["a b", "x\ny", "../../etc/passwd", "$(touch executed)", "quote\"'", "(bracket)", ";; comment", "ü/é", "50%"]


def test_hypotheses_come_back(tmp_path: pathlib.Path) -> None:
    path = tk.Path(str(tmp_path / "h.jsonl"))
    hypotheses = {tag: [Hypothesis(("a", tag), -0.5), Hypothesis((), -2.0)] for tag in HOSTILE}
    write_hypotheses(path, hypotheses)
    assert read_hypotheses(path.get_path()) == hypotheses
    assert len((tmp_path / "h.jsonl").read_text().splitlines()) == len(HOSTILE)


def test_score_that_is_no_number_is_null(tmp_path: pathlib.Path) -> None:
    path = tk.Path(str(tmp_path / "h.jsonl"))
    write_hypotheses(path, {"a": [Hypothesis(("x",), float("nan"))]})
    line = json.loads((tmp_path / "h.jsonl").read_text(), parse_constant=lambda name: pytest.fail(name))
    assert line["hypotheses"] == [{"labels": ["x"], "score": None}]
    assert math.isnan(read_hypotheses(path.get_path())["a"][0].score)


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        '{"seq_tag": "a"}',
        '["a"]',
        '{"seq_tag": "a", "hypotheses": [{"score": 1}]}',
        '{"seq_tag": 1, "hypotheses": []}',
        '{"seq_tag": "a", "hypotheses": [{"labels": "A B", "score": 1}]}',
        '{"seq_tag": "a", "hypotheses": [{"labels": ["A"], "score": "x"}]}',
    ],
)
def test_malformed_hypotheses(line: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_text(json.dumps({"seq_tag": "go", "hypotheses": []}) + f"\n{line}\n")
    with pytest.raises(ValueError, match=r"hypotheses.jsonl:2: no hypotheses as JSON"):
        read_hypotheses(str(path))


def test_sequence_twice(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_text(2 * (json.dumps({"seq_tag": "go", "hypotheses": []}) + "\n"))
    with pytest.raises(ValueError, match="hypotheses.jsonl:2: 'go' stands there twice, first in line 1"):
        read_hypotheses(str(path))


def test_references_come_back(tmp_path: pathlib.Path) -> None:
    path = tk.Path(str(tmp_path / "r.jsonl"))
    references = {"a": Reference((("x",), ()), "ann"), "b": Reference((("y", "z"),))}
    write_references(path, references)
    assert read_references(path.get_path()) == references


@pytest.mark.parametrize("entry", [{"references": []}, {"references": [["a"]], "speaker": 1}, {"references": ["a"]}])
def test_malformed_references(entry: dict, tmp_path: pathlib.Path) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps({"seq_tag": "go", **entry}))
    with pytest.raises(ValueError, match=r"r.jsonl:1: no references of 'go'"):
        read_references(str(tmp_path / "r.jsonl"))


def test_tags_in_transcripts_stay_different_and_come_back(tmp_path: pathlib.Path) -> None:
    assert [decode_tag(encode_tag(tag)) for tag in HOSTILE] == HOSTILE
    write_trn(tk.Path(str(tmp_path / "t.trn")), {tag: [("a",)] for tag in HOSTILE}, {HOSTILE[0]: "ann-2"})
    keys = trn_keys(str(tmp_path / "t.trn"))
    assert len(keys) == len(HOSTILE)
    assert "ann%2D2-a%20b" in keys  # sclite takes what stands before the first - for the speaker


def test_trn_with_alternatives_and_empty_ones(tmp_path: pathlib.Path) -> None:
    write_trn(tk.Path(str(tmp_path / "t.trn")), {"a": [("x", "y"), ()], "b": [()], "c": [("{", "/", "<unk>")]})
    assert (tmp_path / "t.trn").read_text() == "{ x y / @ } (all-a)\n(all-b)\n%7B %2F <unk> (all-c)\n"


def test_labels_that_mean_something_to_sclite_are_encoded() -> None:
    labels = ["@", "(", "%28", ";;", "%hesitation", "it's", "", "a b"]
    assert len({encode_label(label) for label in labels}) == len(labels)
    assert [encode_label(label) for label in ("%hesitation", "it's", "<unk>")] == ["%hesitation", "it's", "<unk>"]


def test_ctm_spreads_labels_over_the_time(tmp_path: pathlib.Path) -> None:
    path = tk.Path(str(tmp_path / "t.ctm"))
    write_ctm(path, {"a": ("x", "y"), "b": ()}, {"a": 3.0, "b": 1.0})
    assert (tmp_path / "t.ctm").read_text() == "a 1 0.000 1.500 x\na 1 1.500 1.500 y\n"
    write_ctm(path, {"a": ("x", "y")})
    assert (tmp_path / "t.ctm").read_text() == "a 1 0.000 1.000 x\na 1 1.000 1.000 y\n"
