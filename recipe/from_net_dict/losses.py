"""Losses of layers."""

from __future__ import annotations

import math

from .layer import Layer, Unsupported
from .layer_translations import translates
from .level import Level
from .loop_level import LoopLevel
from .loss_options import loss_scale
from .sources import root_of
from .value import Value


def add_cross_entropy(level: Level, layer: Layer, logits: Value) -> None:
    """The cross entropy, or CTC, of logits."""
    loss, options = layer.take("loss"), dict(layer.take("loss_opts") or {})
    smoothing = options.pop("label_smoothing", 0.0)
    scale = loss_scale(layer, options)
    focus = options.pop("focal_loss_factor", 0)
    if loss == "ctc":
        options = _without_how(options)
    if options or (focus and smoothing):
        raise Unsupported(f"loss_opts={layer.options.get('loss_opts')!r:.80}")
    name = layer.take("target", "classes")
    if isinstance(level, LoopLevel):
        target = level.target(name)
    else:
        target = level.read(name.removeprefix("layer:")) if name.startswith("layer:") else root_of(level).data(name)
        target = target if level.parent is None else level.capture(target, name)
    more = f", scale={scale}" if scale != 1.0 else ""
    if loss == "ctc":
        level.statement("# this score is one per sequence, RETURNN's was one per label; both optimise the same sum")
        level.mark_loss(
            f'nn.ctc_loss({logits.text}, {target.text}).mark_as_loss("{level.loss_name(layer.name)}"{more})'
        )
        return
    text = target.text
    if not isinstance(level, LoopLevel) and logits.lengths and target.lengths and logits.lengths != target.lengths:
        axis = level.notes.dims.text(logits.lengths[0])
        text = f"nn.replace_dim({target.text}, out_dim={axis})"  # RETURNN takes the two axes for one
    if smoothing and logits.features is not None:
        # RETURNN spreads it over the other labels, nn.cross_entropy over all
        size = logits.features.size
        text += f", label_smoothing={smoothing * size / (size - 1)!r}"
        constant = smoothing_constant(smoothing, size)
        level.statement(f"# RETURNN's score is less by {constant:.6g}, a constant: the entropy of the smoothed targets")
    elif "label_smoothing" in layer.rates:
        text += ", label_smoothing=0.0"
    if focus:
        more = "" if focus == 2 else f", focus={float(focus)!r}"
        scaled = f", scale={scale}" if scale != 1.0 else ""
        level.mark_loss(
            f'nn.focal_loss({logits.text}, {text}{more}).mark_as_loss("{level.loss_name(layer.name)}"{scaled})'
        )
        return
    level.mark_loss(f'nn.cross_entropy({logits.text}, {text}).mark_as_loss("{level.loss_name(layer.name)}"{more})')


def _without_how(options: dict[str, object]) -> dict[str, object]:
    """Options of CTC without those that say how it is computed, or how its error is."""
    left = {key: value for key, value in options.items() if key not in ("beam_width", "use_native")}
    if left.get("ctc_opts") in ({"ignore_longer_outputs_than_inputs": True}, {}):
        del left["ctc_opts"]
    return left


def smoothing_constant(smoothing: float, size: int) -> float:
    """What RETURNN takes off the cross entropy of smoothed labels: the entropy of the targets."""
    other = smoothing / (size - 1)
    return -(1 - smoothing) * math.log(1 - smoothing) - smoothing * math.log(other)


@translates("sparse_softmax_cross_entropy_with_logits")
def _sparse_cross_entropy(level: Level, layer: Layer) -> Value:
    logits, targets = level.read(layer.take("logits")), level.read(layer.take("targets"))
    layer.take("axis")
    dims = logits.without(logits.features) if logits.features is not None else None
    value = level.assign(layer.name, f"nn.cross_entropy({logits.text}, {targets.text})", dims)
    return value
