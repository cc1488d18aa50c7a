"""What the options of a layer say of its loss."""

from __future__ import annotations

from typing import Any

from .layer import Layer, Unsupported
from .value import Value

_NOT_HERE = {
    "sprint": "which RASR computes in a process of its own: train on its alignments, with ce, or with ctc",
    "fast_bw": "whose automata RASR gives: train on its alignments, with ce, or with ctc",
    "via_layer": "whose gradients another layer gives, fast_bw as a rule: train on alignments, with ce, or with ctc",
    "sampling_loss": "over labels that are drawn: nn.cross_entropy is over all",
    "expected_loss": "over hypotheses that the training searches: nn.expected_risk, over those of a search before",
}
"""Losses that the language does not have, and what there is."""


def loss_scale(layer: Layer, options: dict[str, Any]) -> float:
    """The factor of a loss; that of its options is taken from them."""
    return float(options.pop("scale", 1.0)) * float(layer.take("loss_scale", 1.0))


def as_is_loss(layer: Layer, value: Value, name: str) -> str | None:
    """
    The statement that marks a layer's value as a loss; None if it is none, or its translation does that itself.

    :param name: of the loss
    :raises Unsupported: for others than ``as_is``
    """
    if layer.is_taken("loss") or layer.take("loss") is None:
        return None
    loss = layer.take("loss")
    if loss != "as_is":
        why = _NOT_HERE.get(loss) if isinstance(loss, str) else None
        raise Unsupported(f"loss={loss!r}{f', {why}' if why else ''}")
    options = dict(layer.take("loss_opts") or {})
    scale, as_error = loss_scale(layer, options), options.pop("as_error", False)
    if options:
        raise Unsupported(f"loss_opts={options!r:.80}")
    more = f", scale={scale}" if scale != 1.0 else ""
    return f'{value.text}.mark_as_loss("{name}"{more}{", as_error=True" if as_error else ""})'
