"""Which checkpoints of a training stay."""

from __future__ import annotations

from jobs.keep_rules import KeepRules
from jobs.learning_rates import EpochData

SCORES = {
    epoch: EpochData(0.1, {"dev_score": score, "train_score": -epoch}, {})
    for epoch, score in enumerate([5.0, float("nan"), 2.0, 3.0, 4.0], 1)
}


def test_all_without_rules() -> None:
    rules = KeepRules()
    assert rules.kept({1, 2, 5}, SCORES) == {1, 2, 5}
    assert rules.returnn_option() is False


def test_only_the_last_and_those_named() -> None:
    assert KeepRules({2, 9}).kept({1, 2, 3, 4, 5}, SCORES) == {2, 5}


def test_what_is_asked_for_later_is_kept() -> None:
    rules = KeepRules(set())
    rules.ask_for_best(2)
    rules.ask_for_best(1)
    assert rules.kept({1, 2, 3, 4, 5}, SCORES) == {3, 4, 5}  # 3 and 4 by dev_score, 5 and 4 by train_score
    rules.ask_for_last(3)
    assert rules.kept({1, 2, 3, 4, 5}, SCORES) == {3, 4, 5}
    assert rules.kept({1, 2, 3}, SCORES) == {1, 2, 3}


def test_two_are_kept_while_it_trains_to_go_back_from_a_damaged_one() -> None:
    assert KeepRules({4}).returnn_option() == {"keep": [4], "keep_last_n": 2, "keep_best_n": 0}
    assert KeepRules(set(), last_n=5, best_n=3).returnn_option() == {"keep": [], "keep_last_n": 5, "keep_best_n": 3}


def test_epochs_whose_scores_were_lost_do_not_matter() -> None:
    assert KeepRules(set(), best_n=1).kept({1, 7}, {}) == {7}
