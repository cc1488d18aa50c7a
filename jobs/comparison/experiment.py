"""What an experiment gave, as it is compared: scores of each sequence, learning curves."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..alignments import read_alignments
from ..learning_rates import EpochData
from .bootstrap import Counts

_LONGEST_NUMBER = 40  # bytes


class Scores(NamedTuple):
    """
    Of a part of the data.

    :ivar report: of the scoring job: rates, interval, what labels and sequences are called
    :ivar counts: by sequence
    """

    report: Mapping[str, Any]
    counts: Counts


class Experiment(NamedTuple):
    """
    An experiment.

    :ivar name: what it is called
    :ivar scores: by part of the data
    :ivar epochs: of its training
    :ivar time: how long that took; "" if it is not known
    :ivar values: other results, as BLEU and perplexity, by the name of the output
    """

    name: str
    scores: dict[str, Scores]
    epochs: dict[int, EpochData]
    time: str = ""
    values: Mapping[str, float] = {}


def read_scores(report: str, alignments: str) -> Scores:
    """
    Those of a scoring job.

    :param report: JSON, its ``out_report``
    :param alignments: JSON lines, its ``out_alignments``
    :raises ValueError: at a malformed file
    """
    counts = {
        item.tag: (item.errors, sum(right is not None for right, _ in item.pairs))
        for item in read_alignments(alignments)
    }
    return Scores(read_json(report), counts)


def read_value(file: str) -> float | None:
    """The number that is all of a file, as of a variable; None if it is another file."""
    try:
        if os.path.getsize(file) > _LONGEST_NUMBER:
            return None
        with open(file, encoding="utf-8") as text:
            return float(text.read())
    except (OSError, ValueError):
        return None


def read_epochs(curves: str) -> dict[int, EpochData]:
    """
    The epochs of a file that :func:`jobs.learning_curves.curves_json` made; what was no number is left out.

    :raises ValueError: if it is no such file
    """
    return {
        int(number): EpochData(
            float(data["learning_rate"]),
            {key: value for key, value in data["scores"].items() if value is not None},
            {} if data["seconds"] is None else {"epoch_train_time_secs": data["seconds"]},
        )
        for number, data in read_json(curves).items()
    }


def read_json(path: str) -> dict[str, Any]:
    """
    :raises ValueError: if the file is no JSON; the message names it
    """
    with open(path, encoding="utf-8") as file:
        try:
            return dict(json.load(file))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is no report as JSON: {error}") from error
