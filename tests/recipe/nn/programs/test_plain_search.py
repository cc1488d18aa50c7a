"""The beam search that references use."""

from __future__ import annotations

import itertools

import numpy
import pytest

from .plain_search import Choose, Wanted, beam_search

STEPS, LABELS = 3, 3


def words(choose: Choose) -> list[int]:
    """Up to three labels, ended by label 0; each depends on those before."""
    labels: list[int] = []
    for _ in range(STEPS):
        labels.append(choose(scores_after(labels)))
        if labels[-1] == 0:
            break
    return labels


def scores_after(labels: list[int]) -> numpy.ndarray:
    """Random log probabilities of the next label."""
    generator = numpy.random.default_rng(sum((label + 1) * 4**place for place, label in enumerate(labels)))
    p = generator.random(LABELS) + 0.1
    return numpy.log(p / p.sum())


def every_word() -> list[tuple[float, list[int]]]:
    """All words with their scores, best first."""
    found = {}
    for labels in itertools.product(range(LABELS), repeat=STEPS):
        word = list(labels[: labels.index(0) + 1] if 0 in labels else labels)
        found[tuple(word)] = sum(scores_after(word[:place])[label] for place, label in enumerate(word))
    return sorted(((score, list(word)) for word, score in found.items()), key=lambda pair: -pair[0])


def test_with_room_for_everything_it_finds_all_words_in_order() -> None:
    found = beam_search(words, 100)
    assert [word for _, word in found] == [word for _, word in every_word()]
    numpy.testing.assert_allclose([score for score, _ in found], [score for score, _ in every_word()])
    assert sum(numpy.exp(score) for score, _ in found) == pytest.approx(1.0)


def test_beam_of_one_is_greedy() -> None:
    labels: list[int] = []
    while len(labels) < STEPS and 0 not in labels:
        labels.append(int(scores_after(labels).argmax()))
    assert [word for _, word in beam_search(words, 1)] == [labels]


def test_beam_of_two_step_by_step() -> None:
    beam: list[tuple[float, list[int]]] = [(0.0, [])]
    for _ in range(STEPS):
        longer = []
        for score, word in beam:
            if word[-1:] == [0]:
                longer.append((score, word))
            else:
                longer += [(score + more, [*word, label]) for label, more in enumerate(scores_after(word))]
        beam = sorted(longer, key=lambda pair: -pair[0])[:2]
    assert [word for _, word in beam_search(words, 2)] == [word for _, word in beam]


def test_each_choice_has_its_own_beam() -> None:
    """One hypothesis lives on after the first choice, three after the second."""

    def two(choose: Choose) -> tuple[int, int]:
        first = choose(scores_after([]), 1)
        return first, choose(scores_after([first]), 3)

    found = [labels for _, labels in beam_search(two, 7)]
    best = int(scores_after([]).argmax())
    assert found == [(best, int(label)) for label in numpy.argsort(-scores_after([best]))]


def test_hypotheses_whose_next_choice_is_later_wait() -> None:
    """Label 1 asks for one label more at once; the others ask for theirs only after it."""

    def program(choose: Choose) -> list[int]:
        labels = [choose(numpy.log([0.3, 0.7]), moment=(0, 0))]
        if labels[0] == 1:
            labels.append(choose(numpy.log([0.6, 0.4]), moment=(0, 1)))
        return [*labels, choose(numpy.log([0.9, 0.1]), moment=(1, 0))]

    found = beam_search(program, 2)
    assert [labels for _, labels in found] == [[1, 0, 0], [0, 0]]  # 0.42 and 0.30 are left of 0.42, 0.30, 0.28
    numpy.testing.assert_allclose(numpy.exp([score for score, _ in found]), [0.7 * 0.6 * 0.9, 0.3 * 0.9])


def test_scores_that_rounding_would_decide_are_refused() -> None:
    with pytest.raises(ValueError, match="too close"):
        beam_search(lambda choose: choose(numpy.log([0.5, 0.5])), 1)


def test_what_chooses_gives_the_labels_in_order() -> None:
    choose = Choose((2, 1), 3)
    assert [choose(scores_after([])), choose(scores_after([2]))] == [2, 1]
    with pytest.raises(Wanted) as wanted:
        choose(scores_after([2, 1]))
    assert (wanted.value.beam_size, wanted.value.moment) == (3, (2,))
