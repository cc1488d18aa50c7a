"""Layers with parameters: they become modules."""

from __future__ import annotations

from typing import Any

from recipe.nn.plain.dim import Dim, batch_dim

from .elementwise_layers import activated
from .layer import Layer, Unsupported
from .level import Level, translates
from .loop_level import Cell, LoopLevel
from .losses import add_cross_entropy
from .notes import Owner
from .parameters import find_layer, parameter_names, variable_name
from .sources import axis_of, axis_text, out_dim, source, with_dropout
from .value import Value

_NATIVE_UNITS = ("nativelstm2", "lstm", "lstmp", "lstmblock", "lstmblockfused", "cudnnlstm")
"""All of them are RETURNN's NativeLstm2."""
_OTHER_UNITS = ("basiclstm", "standardlstm")
_ROTATED = "(lambda j, i, f, o: tf.concat([i, j, f, o], axis=-1))(*tf.split(source(0), 4, axis=-1))"
"""How this package gives a standardlstm the parameters of a nativelstm2."""


@translates("linear", "softmax")
def _linear(level: Level, layer: Layer) -> Value:
    """``Linear``, or of labels without bias ``Embedding``; with the cross entropy of its logits."""
    activation = layer.take("activation", "softmax" if layer.class_name == "softmax" else None)
    dim, with_bias = out_dim(level, layer), layer.take("with_bias", True)
    x = with_dropout(layer, source(level, layer))
    names = parameter_names(level, layer, "W", *(["b"] if with_bias else []))
    texts = level.notes.dims
    if x.labels is not None and not with_bias:
        constructor = f"nn.Embedding({texts.text(x.labels)}, {texts.text(dim)})"
    else:
        constructor = f"nn.Linear({texts.text(dim)}{'' if with_bias else ', with_bias=False'})"
    module = level.member(layer.name, constructor, tuple(names.values()), names)
    dims = x.replaced(x.features, dim) if x.labels is None else (*x.dims, dim) if x.dims is not None else None
    if layer.options.get("loss") in ("ce", "ctc") and activation == "softmax":
        logits = level.assign(f"{layer.name}_logits", f"{module}({x.text})", dims)
        value = level.assign(layer.name, activated(logits.text, activation), dims)
        add_cross_entropy(level, layer, logits)
        return value
    return level.assign(layer.name, activated(f"{module}({x.text})", activation), dims)


@translates("layer_norm", "norm")
def _layer_norm(level: Level, layer: Layer) -> Value:
    x, epsilon = source(level, layer), layer.take("epsilon", 1e-6)
    axis = axis_of(x, layer.take("axis", layer.take("axes", layer.take("out_dim", "F"))))
    if axis is None or axis is not x.features:
        raise Unsupported("a norm over another axis than the features")
    names = parameter_names(level, layer, "scale", "bias")
    more = "" if epsilon == 1e-6 else f", epsilon={epsilon!r}"
    constructor = f"nn.LayerNorm({level.notes.dims.text(axis)}{more})"
    return level.assign(
        layer.name, f"{level.member(layer.name, constructor, tuple(names.values()), names)}({x.text})", x.dims
    )


@translates("rec", "rnn_cell")
def _rec(level: Level, layer: Layer) -> Value:
    """A loop, or an LSTM: over a sequence, or one step of it."""
    unit = layer.take("unit")
    if isinstance(unit, dict):
        return _loop(level, layer)
    options = layer.take("unit_opts") or {}
    x = with_dropout(layer, source(level, layer))
    dim = out_dim(level, layer)
    names = _lstm_parameters(level, layer, str(unit).lower(), options)
    steps = isinstance(level, LoopLevel) and not x.lengths
    constructor = f"nn.{'LstmCell' if steps else 'Lstm'}({level.notes.dims.text(dim)}"
    direction = layer.take("direction", 1)
    constructor += ", direction=-1)" if direction == -1 else ")"
    owner: Owner = tuple(names.values()) or (f"{level.scope}{layer.name}",)
    module = level.member(layer.name, constructor, (*owner, str(direction)), names)
    layer.take("axis"), layer.take("max_seq_len"), layer.take("target")
    if isinstance(level, LoopLevel) and steps:
        return _step(level, layer, module, x, dim)
    if direction not in (1, -1):
        raise Unsupported(f"direction={direction!r}")
    axis = axis_of(x, layer.options.get("axis"))
    initial = _initial_state(level, layer)
    text = f"{module}({x.text}{f', {initial}' if initial else ''}{axis_text(level, x, axis)})"
    is_asked_for = any(
        options.get("class") == "get_last_hidden_state" and options.get("from") in (layer.name, [layer.name])
        for options in level.layers.values()
    )
    dims = x.replaced(x.features, dim)
    if is_asked_for:
        return level.assign(layer.name, text, dims, is_cell=True)
    return level.assign(layer.name, f"{text}[0]", dims)


def _loop(level: Level, layer: Layer) -> Value:
    inner = LoopLevel(level.notes, layer, level)
    asked_for = level.is_asked_for(layer.name)
    results = inner.finish(asked_for)
    return call_of(level, layer, inner, dict(zip(sorted(asked_for), results)))


def call_of(level: Level, layer: Layer, inner: Level, results: dict[str, Value]) -> Value:
    """The line that calls the module of a level within, and its results by the layers there; "" for its output."""
    level.inner.append(inner)
    level.uses_search = level.uses_search or inner.uses_search
    level.members[inner.attribute] = f"{inner.class_name}({', '.join(inner.given_members.values())})"
    arguments = [value.text for value in inner.arguments.values()] + (["search=search"] if inner.uses_search else [])
    call = f"self.{inner.attribute}({', '.join(arguments)})"
    if not results:
        level.statement(call)
        return Value("None", None)
    variables = []
    for name, value in results.items():
        variable = level.unique_variable(f"{layer.name}_{name}" if name else layer.name)
        variables.append(variable)
        level.values[f"{layer.name}/{name}" if name else layer.name] = value._replace(text=variable)
    level.statement(f"{', '.join(variables)} = {call}")
    return level.values.get(layer.name, Value("None", None))


def _step(level: LoopLevel, layer: Layer, module: str, x: Value, dim: Dim) -> Value:
    """One step of an LSTM, with its state as one of the loop, or as the net dict says."""
    given = layer.take("state")
    dims = x.replaced(x.features, dim) or (batch_dim, dim)
    if isinstance(given, dict):
        h, c = level.read(given["h"]), level.read(given["c"])
        return level.assign(layer.name, f"{module}({x.text}, nn.LstmState({h.text}, {c.text}))", dims, is_cell=True)
    if given is not None:
        raise Unsupported(f"state={given!r:.60}")
    state = level.states.setdefault(layer.name, layer.name if layer.name.isidentifier() else f"{layer.name}_state")
    level.cells[layer.name] = Cell(_initial_state(level, layer) or f"{module}.initial_state()", dim)
    level.note_read(layer.name)
    value = level.assign(layer.name, f"{module}({x.text}, loop.state.{state})", dims, is_cell=True)
    level.lines[-1].state = layer.name
    level.lines[-1].reads.discard(layer.name)
    return value


def _initial_state(level: Level, layer: Layer) -> str:
    given = layer.take("initial_state")
    if given is None or given == 0 or given == "zeros":
        return ""
    if isinstance(given, dict) and set(given) == {"h", "c"} and all(isinstance(one, str) for one in given.values()):
        return f"nn.LstmState({level.read(given['h']).text}, {level.read(given['c']).text})"
    raise Unsupported(f"initial_state={given!r:.60}")


def _lstm_parameters(level: Level, layer: Layer, unit: str, options: dict[str, Any]) -> dict[str, str]:
    """RETURNN's names of W, W_re and b."""
    if unit in _NATIVE_UNITS and layer.class_name == "rec" and not options:
        return parameter_names(level, layer, "W", "W_re", "b", within="rec/")
    reused = layer.take("reuse_params")
    if unit == "standardlstm" and options == {"forget_bias": 0.0} and isinstance(reused, dict):
        return _rotated_parameters(level, reused["map"])
    if unit in (*_NATIVE_UNITS, *_OTHER_UNITS):
        where = f"{level.scope}{layer.name}"
        level.problem(
            where,
            layer.class_name,
            f"unit {unit!r} keeps its parameters otherwise, W and W_re as one matrix with the gates in the order i, j, "
            f"f, o, and adds {options.get('forget_bias', 1.0)} to the forget gate, so they are not in NAME_MAP",
        )
        return {}
    raise Unsupported(f"unit={unit!r}")


def _rotated_parameters(level: Level, mapped: dict[str, Any]) -> dict[str, str]:
    """Of a standardlstm that this package has written: the variables that its kernel and bias are made of."""
    kernel = find_layer(level, mapped["lstm_cell/kernel"]["layer_output"])
    bias = find_layer(level, mapped["lstm_cell/bias"]["layer_output"])
    if kernel[1].options.get("eval") != _ROTATED or bias[1].options.get("eval") != _ROTATED:
        raise Unsupported("its parameters are computed by other layers")
    rows = find_layer(kernel[0], kernel[1].options["from"])
    variables = [find_layer(rows[0], name) for name, _ in rows[1].options["from"]]
    variables.append(find_layer(bias[0], bias[1].options["from"]))
    return {name: variable_name(*variable) for name, variable in zip(("W", "W_re", "b"), variables)}
