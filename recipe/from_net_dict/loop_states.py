"""What the states of a loop start with."""

from __future__ import annotations

from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim

from .level import Level


class Cell(NamedTuple):
    """
    An LSTM of one step.

    :ivar initial: the expression for what its state starts with
    :ivar dim: of its output
    """

    initial: str
    dim: Dim


def is_cell(options: dict[str, Any]) -> bool:
    """Whether a layer in a loop is an LSTM of one step."""
    return options.get("class") == "rnn_cell" or (
        options.get("class") == "rec" and isinstance(options.get("unit"), str)
    )


def initial_text(level: Level, name: str, cell: Cell | None) -> str | None:
    """The expression for the value of a state before the first step; None where it is found from the others."""
    if cell is not None:
        return cell.initial
    value, initial = level.values[name], level.layers[name].get("initial_output")
    if isinstance(initial, str) and initial.startswith("base:"):
        return level.read(initial).text
    if initial in (None, "zeros") or initial == 0:
        initial = {"bool": False, "int32": 0}.get(value.dtype, 0.0)
    elif initial == "ones":
        initial = 1.0
    elif not isinstance(initial, (bool, int, float)):
        level.problem(f"{level.scope}{name}", level.layers[name]["class"], f"option initial_output={initial!r}")
        return None
    if value.dims is None:
        return None
    texts = level.notes.dims
    outside, texts.seen_from, level.has_own_values = texts.seen_from, level.axis_text, False
    dims = texts.list_text(value.dims)
    texts.seen_from, level.has_own_values = outside, True
    if value.labels is not None:
        return f"nn.constant({initial}, {dims}, sparse_dim={texts.text(value.labels)})"
    return f"nn.zeros({dims})" if initial == 0 and value.dtype == "float32" else f"nn.constant({initial}, {dims})"
