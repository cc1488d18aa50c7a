"""The job on real sclite, and that our own scoring agrees with it. Needs Debian's package sctk."""

from __future__ import annotations

import pathlib
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.edit_distance import SCLITE
from jobs.error_report import report, score
from jobs.hypotheses import Hypothesis
from jobs.references import Reference
from jobs.sclite import ScliteJob, find_sclite
from jobs.transcripts import write_trn

RunJob = Callable[[Any], Any]


def _trn(path: pathlib.Path, transcripts: dict[str, list[tuple[str, ...]]]) -> tk.Path:
    file = tk.Path(str(path))
    write_trn(file, transcripts)
    return file


def _text(path: pathlib.Path, text: str) -> tk.Path:
    path.write_text(text)
    return tk.Path(str(path))


@pytest.mark.needs_sclite
def test_small_example(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    reference = _text(tmp_path / "ref.trn", "the cat sat on the mat (s-1)\na b (s-2)\none two three four (t-1)\n")
    hypothesis = _text(tmp_path / "hyp.trn", "the cat sat on mat (s-1)\na x b (s-2)\none two three for (t-1)\n")
    job = run_job(ScliteJob(reference, hypothesis))
    assert job.out_wer.get() == 25.0 and job.out_num_errors.get() == 3
    assert (job.out_num_substitution.get(), job.out_num_deletions.get(), job.out_num_insertions.get()) == (1, 1, 1)
    assert (job.out_ref_words.get(), job.out_hyp_words.get(), job.out_aligned_words.get()) == (12, 12, 13)
    assert job.out_percent_correct.get() == 83.33  # sclite's own table says 83.3
    assert job.out_percent_word_accuracy.get() == 75.0
    reports = {path.name for path in pathlib.Path(job.out_report_dir.get_path()).iterdir()}
    assert {"sclite.sys", "sclite.pra", "sclite.dtl"} <= reports
    run_job(job)  # again, as after a kill
    assert job.out_wer.get() == 25.0


def _random_pairs(number: int, seed: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    generator = random.Random(seed)
    pairs = []
    for _ in range(number):
        reference = tuple(generator.choice("abcd") for _ in range(generator.randint(1, 12)))
        hypothesis = tuple(
            label
            for right in reference
            for label in {0: (right,), 1: (generator.choice("abcd"),), 2: (), 3: (right, generator.choice("abcd"))}[
                generator.choices(range(4), [0.7, 0.1, 0.1, 0.1])[0]
            ]
        )
        pairs.append((reference, hypothesis))
    return pairs


@pytest.mark.needs_sclite
def test_counts_agree_with_ours(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """
    With sclite's weights the cost of each sequence is equal; the kinds of errors may only differ where three
    substitutions weigh as much as two insertions and two deletions.
    """
    pairs = {f"u{index:04d}": pair for index, pair in enumerate(_random_pairs(1500, seed=3))}
    reference = _trn(tmp_path / "ref.trn", {tag: [right] for tag, (right, _) in pairs.items()})
    hypothesis = _trn(tmp_path / "hyp.trn", {tag: [found] for tag, (_, found) in pairs.items()})
    job = run_job(ScliteJob(reference, hypothesis, precision_ndigit=None))
    counts = _counts_by_sequence(pathlib.Path(job.out_report_dir.get_path()) / "sclite.pra")
    references = {tag: Reference((right,)) for tag, (right, _) in pairs.items()}
    hypotheses = {tag: [Hypothesis(found, 0.0)] for tag, (_, found) in pairs.items()}
    ours = score(references, hypotheses, weights=SCLITE)
    different = 0
    for item in ours:
        kinds = (len(item.errors.substitutions), len(item.errors.deletions), len(item.errors.insertions))
        theirs = counts[item.tag]
        assert 4 * kinds[0] + 3 * (kinds[1] + kinds[2]) == 4 * theirs[0] + 3 * (theirs[1] + theirs[2]), item
        different += kinds != theirs
    assert different <= len(ours) // 100
    assert report(ours)["error_rate"] == pytest.approx(job.out_wer.get(), abs=0.2)
    fewest = report(score(references, hypotheses))
    assert fewest["errors"] <= job.out_num_errors.get() <= 1.01 * fewest["errors"]


def _counts_by_sequence(pra: pathlib.Path) -> dict[str, tuple[int, int, int]]:
    """Substitutions, deletions, insertions by tag."""
    pattern = r"id: \(all-(\S+)\)\s*\nScores: \(#C #S #D #I\) \d+ (\d+) (\d+) (\d+)"
    return {tag: (int(s), int(d), int(i)) for tag, s, d, i in re.findall(pattern, pra.read_text())}


@pytest.mark.needs_sclite
def test_several_references(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    reference = _trn(tmp_path / "ref.trn", {"read": [("R", "EH", "D"), ("R", "IY", "D")], "go": [("G", "OW")]})
    hypothesis = _trn(tmp_path / "hyp.trn", {"read": [("R", "IY", "D")], "go": [("G",)]})
    job = run_job(ScliteJob(reference, hypothesis))
    assert (job.out_num_errors.get(), job.out_ref_words.get(), job.out_wer.get()) == (1, 5, 20.0)


@pytest.mark.needs_sclite
def test_characters(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    reference = _trn(tmp_path / "ref.trn", {"1": [("the", "cat")], "2": [("grün",)]})
    hypothesis = _trn(tmp_path / "hyp.trn", {"1": [("the", "hat")], "2": [("grün",)]})
    job = run_job(ScliteJob(reference, hypothesis, cer=True))
    assert (job.out_num_errors.get(), job.out_ref_words.get()) == (1, 10)


@pytest.mark.needs_sclite
def test_stm_and_ctm(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    reference = _text(tmp_path / "ref.stm", ";; comment\nrec1 1 ann 0.0 2.0 <O> the cat\nrec2 1 bob 0.0 1.0 <O> dog\n")
    hypothesis = _text(tmp_path / "hyp.ctm", "rec1 1 0.0 1.0 the\nrec1 1 1.0 1.0 hat\n")
    job = run_job(ScliteJob(reference, hypothesis))
    assert (job.out_num_substitution.get(), job.out_num_deletions.get(), job.out_ref_words.get()) == (1, 1, 3)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "message"),
    [
        (("r.trn", "a (s-1)\n"), ("h.trn", "a (s-2)\n"), r"1 of 1 sequences of .*h.trn are not in .*r.trn.*'s-2'"),
        (("r.trn", "a (s-1)\nb (s-2)\n"), ("h.trn", "a (s-1)\n"), r"1 of 2 sequences of .*r.trn are not in .*line 2"),
        (("r.trn", "a (s-1)\na (s-1)\n"), ("h.trn", "a (s-1)\n"), r"r.trn:2: s-1 stands there twice"),
        (("r.trn", "a s-1\n"), ("h.trn", "a (s-1)\n"), r"r.trn:1: no \(utterance-id\)"),
        (("r.trn", ""), ("h.trn", ""), r"r.trn has no reference"),
        (("r.stm", "r 1 s 0 1 a\n"), ("h.ctm", "q 1 0 1 a\n"), r"1 of 1 sequences of .*h.ctm are not in"),
        (("r.stm", "r 1 s 0 1 a\n"), ("h.ctm", "r 1 2 1 a\nr 1 1 1 a\n"), r"h.ctm:2: 1 s comes after 2.0 s"),
        (("r.stm", "r 1 s x 1 a\n"), ("h.ctm", "r 1 2 1 a\n"), r"r.stm:1: expected recording, channel, times"),
        (("r.txt", "a"), ("h.trn", "a (s-1)\n"), r"sclite scores .trn against .trn"),
    ],
)
def test_files_that_do_not_match(
    reference: tuple[str, str], hypothesis: tuple[str, str], message: str, tmp_path: pathlib.Path, run_job: RunJob
) -> None:
    """Sclite itself goes on with the wrong pairs and gives some rate."""
    job = ScliteJob(_text(tmp_path / reference[0], reference[1]), _text(tmp_path / hypothesis[0], hypothesis[1]))
    with pytest.raises(ValueError, match=message):
        run_job(job)


def test_sclite_that_is_not_there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="there is no program .*sclite: install NIST"):
        find_sclite(tk.Path(str(tmp_path)))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="sclite is not installed: install NIST.* apt install sctk"):
        find_sclite()
    (tmp_path / "sclite").touch(mode=0o755)
    assert find_sclite() == ["sclite"]
    assert find_sclite(str(tmp_path)) == [str(tmp_path / "sclite")]


def test_where_sclite_is_does_not_change_the_id() -> None:
    files = tk.Path("r.trn"), tk.Path("h.trn")
    assert ScliteJob(*files).job_id() == ScliteJob(*files, sctk_binary_path="/opt/sctk").job_id()
    assert ScliteJob(*files).job_id() != ScliteJob(*files, cer=True).job_id()
