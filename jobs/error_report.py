"""Error rates of hypotheses against references, with everything that a report shows of them."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from .edit_distance import LEVENSHTEIN, Errors, best_match, fewest_errors
from .hypotheses import Hypothesis
from .references import Reference

_BOOTSTRAP_SEED = 1


@dataclasses.dataclass(frozen=True)
class SequenceScore:
    """
    One sequence.

    :ivar tag: its name
    :ivar speaker: whose it is
    :ivar errors: of its best hypothesis
    :ivar oracle_errors: of the best one in the beam
    :ivar is_missing: whether there was no hypothesis, which counts as an empty one
    """

    tag: str
    speaker: str | None
    errors: Errors
    oracle_errors: int
    is_missing: bool


def score(
    references: Mapping[str, Reference], hypotheses: Mapping[str, Sequence[Hypothesis]], *, weights: str = LEVENSHTEIN
) -> list[SequenceScore]:
    """
    Scores each sequence that has a reference.

    :param references: by tag
    :param hypotheses: by tag, best first
    :param weights: of the alignment, see :func:`jobs.edit_distance.align`
    :raises ValueError: if there is no reference at all, or a hypothesis of a sequence that has none
    """
    unknown = sorted(set(hypotheses) - set(references))
    if unknown:
        raise ValueError(
            f"{len(unknown)} of {len(hypotheses)} hypotheses are of sequences that have no reference, as {unknown[0]!r}"
        )
    if not references:
        raise ValueError("there is nothing to score: there are no references")
    scores = []
    for tag in sorted(references):
        transcripts, speaker = references[tag]
        beam = [item.labels for item in hypotheses.get(tag, ())] or [()]
        errors = best_match(transcripts, beam[0], weights)
        scores.append(SequenceScore(tag, speaker, errors, fewest_errors(transcripts, beam), not hypotheses.get(tag)))
    return scores


def report(scores: Sequence[SequenceScore], *, label: str = "word", sequence: str = "sequence") -> dict[str, Any]:
    """
    All figures, rates in percent with 2 digits.

    :param label: what a label is called, for people
    :param sequence: what a sequence is called
    """
    errors = [item.errors for item in scores]
    return {
        "label": label,
        "sequence": sequence,
        **_counts(scores),
        "confidence_interval": confidence_interval(scores),
        "oracle_errors": sum(item.oracle_errors for item in scores),
        "oracle_error_rate": _percent(sum(item.oracle_errors for item in scores), _reference_labels(scores)),
        "missing": sum(item.is_missing for item in scores),
        "speakers": _by_speaker(scores),
        "confusions": _most_common(pair for item in errors for pair in item.substitutions),
        "inserted": _most_common(one for item in errors for one in item.insertions),
        "deleted": _most_common(one for item in errors for one in item.deletions),
        "worst": _worst(scores),
    }


def confidence_interval(scores: Sequence[SequenceScore], *, samples: int = 1000, level: float = 0.95) -> list[float]:
    """
    The interval of the error rate by bootstrap over sequences (Bisani and Ney 2004), in percent with 2 digits.

    :param samples: how often as many sequences are drawn, with repetition
    :param level: how much of the drawn rates the interval holds
    """
    errors = numpy.array([item.errors.count for item in scores], "float64")
    lengths = numpy.array([len(item.errors.reference) for item in scores], "float64")
    if not lengths.sum():
        return [float("nan"), float("nan")]
    generator = numpy.random.default_rng(_BOOTSTRAP_SEED)
    rates = []
    for _ in range(samples):
        drawn = generator.integers(len(scores), size=len(scores))
        total = lengths[drawn].sum()
        if total:
            rates.append(100 * errors[drawn].sum() / total)
    low, high = numpy.quantile(rates, [(1 - level) / 2, (1 + level) / 2])
    return [round(float(low), 2), round(float(high), 2)]


def _counts(scores: Sequence[SequenceScore]) -> dict[str, Any]:
    errors = [item.errors for item in scores]
    total, labels = sum(item.count for item in errors), _reference_labels(scores)
    wrong = sum(1 for item in errors if item.count)
    return {
        "error_rate": _percent(total, labels),
        "errors": total,
        "substitutions": sum(len(item.substitutions) for item in errors),
        "deletions": sum(len(item.deletions) for item in errors),
        "insertions": sum(len(item.insertions) for item in errors),
        "reference_labels": labels,
        "hypothesis_labels": sum(len(item.hypothesis) for item in errors),
        "sequences": len(scores),
        "wrong_sequences": wrong,
        "sequence_error_rate": _percent(wrong, len(scores)),
    }


def _by_speaker(scores: Sequence[SequenceScore]) -> dict[str, Any]:
    groups: dict[str, list[SequenceScore]] = {}
    for item in scores:
        if item.speaker is not None:
            groups.setdefault(item.speaker, []).append(item)
    return {speaker: _counts(groups[speaker]) for speaker in sorted(groups)}


def _reference_labels(scores: Sequence[SequenceScore]) -> int:
    return sum(len(item.errors.reference) for item in scores)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else float("nan")


def _most_common(items: Iterable[Any], number: int = 15) -> list[Any]:
    counted = collections.Counter(items)
    return [[item, count] for item, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:number]]


def _worst(scores: Sequence[SequenceScore], number: int = 20) -> list[dict[str, Any]]:
    ordered = sorted((item for item in scores if item.errors.count), key=lambda item: (-item.errors.count, item.tag))
    return [
        {
            "seq_tag": item.tag,
            "errors": item.errors.count,
            "reference": list(item.errors.reference),
            "hypothesis": list(item.errors.hypothesis),
        }
        for item in ordered[:number]
    ]
