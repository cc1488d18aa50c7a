"""RETURNN's learning-rate file: learning rate and scores of each epoch."""

from __future__ import annotations

import ast
import functools
import math
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class EpochData(NamedTuple):
    """
    One epoch.

    :ivar learning_rate: that it was trained with
    :ivar scores: by key, as ``dev_score``; lower is better
    :ivar meta: what RETURNN notes beside them, as ``epoch_train_time_secs``
    """

    learning_rate: float
    scores: dict[str, float]
    meta: dict[str, float]

    @property
    def seconds(self) -> float | None:
        """How long the training of this epoch took, without scoring; None if it is not done."""
        return self.meta.get("epoch_train_time_secs")


_META = ":meta:"


def read_learning_rates(path: str) -> dict[int, EpochData]:
    """
    Reads the file without evaluating it.

    :raises ValueError: if it is no such file, or cut short
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    parts = _parts(text)
    if parts is not None:
        return {epoch: EpochData(rate, dict(scores), dict(meta)) for epoch, (rate, scores, meta) in parts}
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        entries = literal(tree)
        return {int(epoch): _epoch_data(data) for epoch, data in entries.items()}
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no complete learning-rate file of RETURNN: {error}") from error


_STARTS = re.compile(r"^(?=\d+: EpochData\()", re.MULTILINE)


def _parts(text: str) -> list[tuple[int, EpochData]] | None:
    """
    The epochs of a file as RETURNN writes it, each of which begins a line; None if it is another, or cut short.

    RETURNN writes all epochs anew after each one, and they are asked for while it trains: known ones are not parsed.
    """
    text = text.strip()
    if not (text.startswith("{\n") and text.endswith("}")):
        return None
    first, *entries = _STARTS.split(text[1:-1])
    if first.strip() or not all(entry.endswith("),\n") for entry in entries):
        return None
    try:
        return [_part(entry) for entry in entries]
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError):
        return None


@functools.lru_cache(maxsize=20_000)
def _part(text: str) -> tuple[int, EpochData]:
    """One epoch with its number."""
    [(epoch, data)] = literal(ast.parse(f"{{{text}}}", mode="eval").body).items()
    return int(epoch), _epoch_data(data)


def put_aside_if_damaged(path: str) -> None:
    """A learning-rate file that was cut short gets another name, and that is printed: RETURNN would stop at it."""
    if not os.path.exists(path):
        return
    try:
        read_learning_rates(path)
    except ValueError as error:
        print(f"the learning-rate file is damaged ({error}); it is put aside and its history is lost")
        os.replace(path, path + ".damaged")


def best_epochs(epochs: Mapping[int, EpochData], key: str) -> list[int]:
    """
    Epochs by a score, best first, of equal ones the earlier; those where it is NaN or not there are left out.

    :raises ValueError: if no epoch has the key; the message lists those that there are
    """
    keys = score_keys(epochs)
    if key not in keys:
        raise ValueError(f"there is no score {key!r}; there are: {', '.join(keys) or 'none'}")
    found = [(data.scores[key], epoch) for epoch, data in epochs.items() if key in data.scores]
    return [epoch for score, epoch in sorted(pair for pair in found if not math.isnan(pair[0]))]


def score_keys(epochs: Mapping[int, EpochData]) -> list[str]:
    """All keys of scores, sorted."""
    return sorted({key for data in epochs.values() for key in data.scores})


def _epoch_data(entry: dict[str, Any]) -> EpochData:
    values = {key: float(value) for key, value in entry["error"].items() if isinstance(value, (int, float))}
    return EpochData(
        float(entry["learningRate"]),
        {key: value for key, value in values.items() if not key.startswith(_META)},
        {key.removeprefix(_META): value for key, value in values.items() if key.startswith(_META)},
    )


def literal(node: ast.AST) -> Any:
    """
    The value of a literal in which numbers may stand as ``np.float32(1.5)`` and records as ``EpochData(...)``.

    :raises ValueError: for anything else that is no literal
    """
    if isinstance(node, ast.Dict):
        return {literal(key): literal(value) for key, value in zip(node.keys, node.values) if key is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        items = [literal(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Call):
        if node.keywords:
            return {keyword.arg: literal(keyword.value) for keyword in node.keywords}
        if len(node.args) == 1:
            return literal(node.args[0])
    if isinstance(node, ast.Name) and node.id in ("nan", "inf"):
        return float(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -literal(node.operand)
    return ast.literal_eval(node)
