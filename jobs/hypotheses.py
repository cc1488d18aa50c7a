"""
Files of hypotheses: JSON lines, one sequence a line, best hypothesis first::

    {"seq_tag": "cat", "hypotheses": [{"labels": ["K", "AE", "T"], "score": -0.02}, ...]}

The score is a log-probability: greater is better; null where there is none.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sisyphus import tk

from .atomic_file import replacing

Labels = tuple[str, ...]


class Hypothesis(NamedTuple):
    """
    :ivar labels: what was found
    :ivar score: log-probability; NaN if there is none
    """

    labels: Labels
    score: float


def read_hypotheses(path: str) -> dict[str, list[Hypothesis]]:
    """
    All hypotheses of each sequence, best first.

    :raises ValueError: at a malformed line or a sequence that stands twice; the message names file and line
    """
    found: dict[str, list[Hypothesis]] = {}
    for number, tag, entry in read_entries(path, "hypotheses"):
        try:
            found[tag] = [
                Hypothesis(labels_of(item["labels"]), _score(item.get("score"))) for item in entry["hypotheses"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise _malformed(path, number, "hypotheses", error, json.dumps(entry)) from error
    return found


def write_hypotheses(path: tk.Path, hypotheses: Mapping[str, Sequence[Hypothesis]]) -> None:
    """Writes them, in the order of the tags."""
    with replacing(path) as part, open(part, "w", encoding="utf-8") as file:
        for tag in sorted(hypotheses):
            items = [
                {"labels": list(item.labels), "score": item.score if math.isfinite(item.score) else None}
                for item in hypotheses[tag]
            ]
            file.write(json.dumps({"seq_tag": tag, "hypotheses": items}, ensure_ascii=False) + "\n")


def read_entries(path: str, kind: str) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """
    Line number, tag and content of each line of a file of JSON lines with ``seq_tag``.

    :param kind: what each line must have beside the tag
    :raises ValueError: at a malformed line or a sequence that stands twice; the message names file and line
    """
    seen: dict[str, int] = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                tag, _ = entry["seq_tag"], entry[kind]
                if not isinstance(tag, str):
                    raise TypeError(f"seq_tag is {tag!r}")
            except (ValueError, KeyError, TypeError) as error:
                raise _malformed(path, number, kind, error, line) from error
            if tag in seen:
                raise ValueError(f"{path}:{number}: {tag!r} stands there twice, first in line {seen[tag]}")
            seen[tag] = number
            yield number, tag, entry


def labels_of(value: Any) -> Labels:
    """
    A list of labels as a tuple.

    :raises TypeError: for anything else
    """
    if not isinstance(value, list) or not all(isinstance(label, str) for label in value):
        raise TypeError(f"labels are a list of texts, not {value!r}")
    return tuple(value)


def _score(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _malformed(path: str, number: int, kind: str, error: Exception, line: str) -> ValueError:
    return ValueError(f"{path}:{number}: no {kind} as JSON ({error!r}): {line.rstrip()[:200]}")
