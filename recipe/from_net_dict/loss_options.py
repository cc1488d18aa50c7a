"""What the options of a layer say of its loss."""

from __future__ import annotations

from typing import Any

from .layer import Layer, Unsupported
from .value import Value


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
        raise Unsupported(f"loss={loss!r}")
    options = dict(layer.take("loss_opts") or {})
    scale, as_error = loss_scale(layer, options), options.pop("as_error", False)
    if options:
        raise Unsupported(f"loss_opts={options!r:.80}")
    more = f", scale={scale}" if scale != 1.0 else ""
    return f'{value.text}.mark_as_loss("{name}"{more}{", as_error=True" if as_error else ""})'
