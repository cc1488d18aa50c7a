"""Names of jobs for people."""

from __future__ import annotations

from typing import Any

from localsis.job_names import display_name, job_label, job_name, short_label


class NamedJob:
    """What both engines have: an id, and aliases in a list, a set or None."""

    def __init__(self, *aliases: str):
        self._sis_aliases: Any = set(aliases) or None

    def job_id(self) -> str:
        return "jobs/training/TrainingJob.Hbt0ZI50zwSd"


def test_alias_where_there_is_one() -> None:
    assert job_name(NamedJob("b/train", "a/train")) == "a/train"
    assert short_label(NamedJob("train")) == "train (TrainingJob.Hbt0ZI50zwSd)"
    assert job_name(NamedJob()) == short_label(NamedJob()) == "jobs/training/TrainingJob.Hbt0ZI50zwSd"
    assert job_label("a", "a") == "a" and job_label("a", "b") == "a (b)"


def test_short_names_lose_their_beginning() -> None:
    assert display_name(NamedJob(), 40) == "TrainingJob.Hbt0ZI50zwSd"
    assert display_name(NamedJob(), 20) == "...gJob.Hbt0ZI50zwSd"
    assert display_name(NamedJob(), 3) == "....Hbt0ZI50zwSd", "the hash is whole"
    assert display_name(NamedJob("g2p/demo/search_dev"), 12, "\u2026") == "\u2026/search_dev"
    assert display_name(NamedJob("g2p/demo/search_dev"), 19) == "g2p/demo/search_dev"
