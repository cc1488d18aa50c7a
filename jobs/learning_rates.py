"""RETURNN's learning-rate file: learning rate and scores of each epoch."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple


class EpochData(NamedTuple):
    """
    One epoch.

    :ivar learning_rate: that it was trained with
    :ivar scores: by key, as ``dev_loss_cross_entropy``
    """

    learning_rate: float
    scores: dict[str, float]


def read_learning_rates(path: str) -> dict[int, EpochData]:
    """
    Reads the file without evaluating it.

    :raises ValueError: if it is no such file, or cut short
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        entries = literal(tree)
        return {
            int(epoch): EpochData(
                float(data["learningRate"]),
                {key: float(value) for key, value in data["error"].items() if isinstance(value, (int, float))},
            )
            for epoch, data in entries.items()
        }
    except (SyntaxError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is no complete learning-rate file of RETURNN: {error}") from error


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
