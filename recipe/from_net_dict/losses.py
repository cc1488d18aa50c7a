"""Losses of layers."""

from __future__ import annotations

import math

from .layer import Layer, Unsupported
from .layer_translations import translates, writes_loss
from .level import Level
from .loop_level import LoopLevel
from .loss_options import loss_scale
from .sources import root_of, source
from .value import Value


def add_cross_entropy(level: Level, layer: Layer, logits: Value, *, are_log_probs: bool = False) -> None:
    """
    The cross entropy, or CTC, of logits.

    :param are_log_probs: whether they are logs of probabilities, that are taken as they are
    """
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
    if are_log_probs:
        text += ', input_type="log_prob"'
    if focus and are_log_probs:
        ce = level.unique_variable(f"{layer.name}_ce")
        loss = f'((1.0 - nn.exp(-{ce})) ** {float(focus)!r} * {ce}).mark_as_loss("{level.loss_name(layer.name)}"{more})'
        level.mark_loss(f"{ce} = nn.cross_entropy({logits.text}, {text})\n{loss}")
        return
    if focus:
        more = "" if focus == 2 else f", focus={float(focus)!r}"
        scaled = f", scale={scale}" if scale != 1.0 else ""
        level.mark_loss(
            f'nn.focal_loss({logits.text}, {text}{more}).mark_as_loss("{level.loss_name(layer.name)}"{scaled})'
        )
        return
    level.mark_loss(f'nn.cross_entropy({logits.text}, {text}).mark_as_loss("{level.loss_name(layer.name)}"{more})')


@writes_loss("ce", "ctc")
def _of_probabilities(level: Level, layer: Layer, value: Value) -> None:
    """Of a layer that gives probabilities, or with ``output_in_log_space`` their logs."""
    if layer.class_name not in ("activation", "copy", "eval", "combine", "switch", "reinterpret_data"):
        raise Unsupported(f"loss={layer.options['loss']!r} of what may be no probabilities")
    logs = _logs_of(level, layer, value)
    if layer.options["loss"] == "ctc":
        options = layer.options.get("loss_opts") or {}
        are_taken_as_they_are = not (options.get("ctc_opts") or {}).get("logits_normalize", True)
        if are_taken_as_they_are and not _is_distribution(level, layer.name):
            raise Unsupported("ctc of scores that may not add up to one")
        add_cross_entropy(level, layer, logs)
        return
    add_cross_entropy(level, layer, logs, are_log_probs=True)


def _logs_of(level: Level, layer: Layer, value: Value) -> Value:
    if (layer.options.get("loss_opts") or {}).get("output_in_log_space"):
        return value
    if layer.class_name == "activation" and layer.options.get("activation") == "exp":
        for line in level.lines:
            line.may_be_left_out = line.may_be_left_out or line.variable == value.text
        return source(level, layer)
    text = f"nn.log(nn.maximum({value.text}, 1e-20))"
    return level.assign(f"{layer.name}_log", text, value.dims)


def _is_distribution(level: Level, name: str) -> bool:
    """Whether a layer gives logs of probabilities of all labels."""
    options = level.layers.get(name, {})
    given = options.get("from")
    given = given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given
    if options.get("activation") == "log_softmax":
        return True
    if not isinstance(given, str) or given not in level.layers:
        return False
    if options.get("class") == "copy":
        return _is_distribution(level, given)
    formula = str(options.get("eval")).replace(" ", "")
    if options.get("class") == "eval" and formula in ("safe_log(source(0))", "tf.log(source(0))"):
        below = level.layers[given]
        return below.get("class") == "softmax" or below.get("activation") == "softmax"
    return False


def _without_how(options: dict[str, object]) -> dict[str, object]:
    """Options of CTC without those that say how it is computed, or how its error is."""
    how = ("beam_width", "use_native", "output_in_log_space")
    left = {key: value for key, value in options.items() if key not in how}
    if left.get("ctc_opts") in ({"ignore_longer_outputs_than_inputs": True}, {}) or _are_logs(left.get("ctc_opts")):
        del left["ctc_opts"]
    return left


def _are_logs(options: object) -> bool:
    """Whether options of CTC say nothing but that it gets logs of probabilities, whose gradients it gives."""
    names = ("logits_normalize", "grad_wrt_softmax_in")
    return isinstance(options, dict) and all(key in names and value is False for key, value in options.items())


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
