"""Examples, options and heat maps, as they are shown."""

from __future__ import annotations

import json
import pathlib

import pytest
from sisyphus import tk

from jobs.alignments import Alignment
from jobs.hypotheses import Hypothesis
from jobs.lexicon import LexiconToHdfJob
from jobs.pages.examples import example, examples
from jobs.pages.heat_map import HeatMap, read_heat_maps
from jobs.pages.option_rows import option_rows


def test_worst_and_random_examples() -> None:
    alignments = [Alignment(f"s{number}", number % 5, [("a", "a")]) for number in range(50)]
    found = examples("dev", alignments, {"s4": [Hypothesis(("a",), -0.5), Hypothesis((), float("nan"))]}, 10)
    assert [one.tag for one in found.worst] == ["s14", "s19", "s24", "s29", "s34"]
    assert len(found.random) == 5 and [one.tag for one in found.random] != ["s0", "s1", "s2", "s3", "s5"]
    assert not {one.tag for one in found.worst} & {one.tag for one in found.random}
    assert found == examples("dev", list(reversed(alignments)), {}, 10)._replace(worst=found.worst)
    (same,) = [one for one in examples("dev", alignments, {}, 50).random if one.tag == "s0"]
    assert same.alternatives == []


def test_alternatives_and_kinds_of_errors() -> None:
    pairs = [("a", "a"), ("b", "c"), (None, "d"), ("e", None)]
    shown = example(Alignment("tag", 1, pairs), [Hypothesis(("a", "c"), -0.25), Hypothesis((), float("nan"))])
    assert shown.errors == "1 error"
    assert shown.columns == [("a", "a", ""), ("b", "c", "sub"), ("∅", "d", "ins"), ("e", "∅", "del")]
    assert shown.alternatives == [("a c", "-0.250"), ("", "")]


def test_options() -> None:
    job = LexiconToHdfJob(tk.Path("lexicon.tsv"), ["a"], ["b"], end_label="b")
    options = {
        "optimizer": {"class": "adam"},
        "learning_rates": [0.1, 0.1, 0.2],
        "train": {"files": [job.out_hdf]},
        "kept": {10, 9},
        "empty": {},
        "long": "x" * 300,
    }
    rows = option_rows(options)
    assert rows["optimizer/class"] == "adam" and rows["learning_rates"] == "0.1 × 2, 0.2"
    assert rows["train/files"] == f"{job.job_id()}/lexicon.hdf"
    assert rows["kept"] == "9, 10" and rows["empty"] == "{}" and len(rows["long"]) < 200


def test_heat_map_and_its_file(tmp_path: pathlib.Path) -> None:
    drawn = HeatMap(
        "alignment", ["a", "b"], ["", "", ""], [[1.0, 0.5, 0.0], [0.0, 0.01, 1.0]], [(0, 0), (0, 1), (1, 2)]
    )
    assert [cell.text for cell in drawn.cells] == ["a, 0: 1.00", "a, 1: 0.50", "b, 2: 1.00"]
    assert [cell.strength for cell in drawn.cells] == ["1.00", "0.50", "1.00"]
    assert [width for _, _, width in drawn.frames] == [2 * drawn.cell_width, drawn.cell_width]
    assert [name for _, name in drawn.row_names] == ["a", "b"]
    path = tmp_path / "maps.json"
    path.write_text(json.dumps([{"seq_tag": "s", "maps": [drawn.plain()]}]))
    ((tag, (read,)),) = read_heat_maps(str(path))
    assert tag == "s" and read.cells == drawn.cells and read.frames == drawn.frames
    path.write_text("[1]")
    with pytest.raises(ValueError, match=r"maps.json has no heat maps as JSON"):
        read_heat_maps(str(path))


def test_small_probabilities_are_pale() -> None:
    uniform = HeatMap("attention", ["a"], ["b"] * 4, [[0.25] * 4])
    assert [cell.strength for cell in uniform.cells] == ["0.50"] * 4
    assert uniform.caption == "attention; the largest value is 0.25"
