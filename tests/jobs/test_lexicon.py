"""Lexica as data for RETURNN."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.lexicon import LexiconToHdfJob
from recipe.data.hdf import read_sequences

from .conftest import RunJob

LETTERS, PHONES = ("a", "b"), ("</s>", "P", "Q")


def lexicon_job(tmp_path: pathlib.Path, **kwargs: Any) -> LexiconToHdfJob:
    (tmp_path / "lexicon.tsv").write_text("ab\tP Q\nab\tQ\nb\tQ\n")
    return LexiconToHdfJob(tk.Path(str(tmp_path / "lexicon.tsv")), LETTERS, PHONES, **kwargs)


@pytest.mark.parametrize(
    ("arguments", "letters", "phones"),
    [
        ({"end_label": "</s>"}, {"ab#1": [0, 1], "ab#2": [0, 1], "b#1": [1]}, [[1, 2, 0], [2, 0], [2, 0]]),
        ({"end_label": "</s>", "all_pronunciations": False}, {"ab": [0, 1], "b": [1]}, [[1, 2, 0], [2, 0]]),
        (
            {"end_label": None, "all_pronunciations": False, "letter_copies": 2},
            {"ab": [0, 0, 1, 1], "b": [1, 1]},
            [[1, 2], [2]],
        ),
    ],
)
def test_letters_and_phones(
    tmp_path: pathlib.Path,
    run_job: RunJob,
    arguments: dict[str, Any],
    letters: dict[str, list[int]],
    phones: list[list[int]],
) -> None:
    path = run_job(lexicon_job(tmp_path, **arguments)).out_hdf.get_path()
    assert {tag: list(row) for tag, row in read_sequences(path)} == letters
    assert [list(row) for _, row in read_sequences(path, "classes")] == phones


def test_one_copy_is_the_job_that_it_was(tmp_path: pathlib.Path) -> None:
    jobs = [lexicon_job(tmp_path, end_label="</s>", **options) for options in ({}, {"letter_copies": 1})]
    assert jobs[0].job_id() == jobs[1].job_id()
    assert lexicon_job(tmp_path, end_label="</s>", letter_copies=2).job_id() != jobs[0].job_id()
