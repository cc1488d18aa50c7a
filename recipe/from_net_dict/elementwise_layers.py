"""Layers that compute entry by entry."""

from __future__ import annotations

import ast
import re
from typing import Any

from recipe.nn.plain.dim import Dim, batch_dim

from .formula import Formula
from .label_switching import is_switch_out, switched
from .layer import Layer, Unsupported
from .layer_translations import HAVE_PARAMETERS, TRANSLATIONS, translates
from .level import Level
from .masking import called_function, masked
from .python_values import Function
from .sources import source, sources, with_dropout
from .value import Value, bracketed, joint_dims

_ACTIVATIONS = ("tanh", "sigmoid", "relu", "swish", "exp", "log", "sqrt", "log_sigmoid", "softplus", "logical_not")
_ACTIVATIONS_OVER_FEATURES = ("softmax", "log_softmax")
_COMBINE = {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"}
_POSITION_OF_GREATEST = "tf.squeeze(tf.argmax(source(0),axis=1),axis=1)"
"""The formula for the frame with the greatest weight, of weights [batch, time, 1]."""
_COMPARE = {
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}


def activated(level: Level, text: str, activation: str | None) -> str:
    """
    An expression under an activation function.

    :raises Unsupported: if there is no such function here
    """
    if activation in (None, "identity", "linear"):
        return text
    if activation == "gelu":
        level.notes.used_models["gelu_by_tanh"] = "gelu_by_tanh"
        return f"gelu_by_tanh({text})"
    if activation not in (*_ACTIVATIONS, *_ACTIVATIONS_OVER_FEATURES):
        raise Unsupported(f"activation={activation!r}")
    return f"nn.{activation}({text})"


@translates("activation")
def _activation(level: Level, layer: Layer) -> Value:
    value = source(level, layer)
    return level.assign(
        layer.name, activated(level, value.text, layer.take("activation")), value.dims, dtype=value.dtype
    )


@translates("copy", "decide", "identity")
def _copy(level: Level, layer: Layer) -> Value:
    """The same value under another name needs no line; what is searched is decided on by the search itself."""
    if layer.class_name == "decide":
        for option in ("loss", "target", "loss_opts"):
            layer.take(option)  # an error rate, which the jobs for scores tell
    value = source(level, layer)
    if layer.options.get("dropout") or "dropout" in layer.rates:
        value = with_dropout(layer, value)
        return level.assign(layer.name, value.text, value.dims)
    return _same(level, layer, value)


def _same(level: Level, layer: Layer, value: Value) -> Value:
    """A value as it is, which has a name then."""
    if not value.text.isidentifier():
        return level.assign(layer.name, value.text, value.dims, labels=value.labels, dtype=value.dtype)
    return value


@translates("dropout")
def _dropout(level: Level, layer: Layer) -> Value:
    value = with_dropout(layer, source(level, layer))
    return level.assign(layer.name, value.text, value.dims)


@translates("combine")
def _combine(level: Level, layer: Layer) -> Value:
    kind, values = layer.take("kind"), sources(level, layer)
    dtype = values[0].dtype
    if kind == "eval":
        return _eval(level, layer)
    if kind == "average":
        total = " + ".join(bracketed(value.text) for value in values)
        text = f"({total}) / {float(len(values))}"
    elif kind in _COMBINE:
        text = f" {_COMBINE[kind]} ".join(bracketed(value.text) for value in values)
    elif kind in ("maximum", "minimum", "logical_and", "logical_or"):
        text = values[0].text
        for value in values[1:]:
            text = f"nn.{kind}({text}, {value.text})"
    else:
        raise Unsupported(f"kind={kind!r}")
    activation = layer.take("activation")
    return level.assign(layer.name, activated(level, text, activation), joint_dims(values), dtype=dtype)


@translates("eval")
def _eval(level: Level, layer: Layer) -> Value:
    formula, values = layer.take("eval"), sources(level, layer)
    if isinstance(formula, Function) and is_switch_out(formula):
        return switched(level, layer, values[0], formula)
    if isinstance(formula, Function):
        return masked(level, layer.name, values[0], formula, None)
    if not isinstance(formula, str):
        raise Unsupported("its formula is a function")
    if formula.replace(" ", "") == "source(0)":
        return _same(level, layer, values[0])
    if _is_median(level, formula):
        return _position_of_median(level, layer, values[0])
    called = called_function(level, formula)
    if called is not None:
        return masked(level, layer.name, values[0], *called)
    plain = re.sub(r"\s|,\s*output_type=tf\.int32", "", formula)
    if plain in (_POSITION_OF_GREATEST, f"tf.to_float({_POSITION_OF_GREATEST})"):
        x, dtype = values[0].text, "int32" if plain == _POSITION_OF_GREATEST else "float32"
        text = f'nn.cast(nn.argmax(nn.squeeze({x}, 1), {x}.spatial_dim), "{dtype}")'
        return level.assign(layer.name, text, (batch_dim,), dtype=dtype)
    value = Formula(formula, values, layer.take("eval_locals")).value()
    return level.assign(layer.name, value.text, value.dims, dtype=value.dtype)


_MEDIAN = (
    "v = tf.squeeze(v, axis=2)",
    "cs = tf.cumsum(v, axis=1) - 0.5",
    "vals = tf.where(cs > 0.0, cs, tf.ones_like(cs))",
    "batch_median = tf.argmin(vals, axis=1, output_type=tf.int32)",
    "return batch_median",
)
"""What ``get_median`` of configs with local attention does with weights [batch, time, 1]."""


def _is_median(level: Level, formula: str) -> bool:
    match = re.fullmatch(r"self\.network\._config\.typed_dict\[['\"](\w+)['\"]\]\(source\(0\)\)", formula.strip())
    function = level.notes.net.settings.get(match[1]) if match else None
    if not isinstance(function, Function) or not isinstance(function.definition, ast.FunctionDef):
        return False
    texts = [ast.unparse(one) for one in function.definition.body if not isinstance(one, ast.Import)]
    return tuple(texts) == _MEDIAN


def _position_of_median(level: Level, layer: Layer, weights: Value) -> Value:
    """The first frame by which half of the weights have come."""
    so_far = level.unique_variable(f"{layer.name}_so_far")
    level.statement(f"{so_far} = nn.cum_sum(nn.squeeze({weights.text}, 1)) - 0.5")
    text = f"nn.argmin(nn.where({so_far} > 0.0, {so_far}, 1.0), {so_far}.spatial_dim)"
    return level.assign(layer.name, f'nn.cast({text}, "int32")', (batch_dim,), dtype="int32")


@translates("gating")
def _gating(level: Level, layer: Layer) -> Value:
    """The first half of the features, times the second one under the gate's activation."""
    x = source(level, layer)
    activation, gate = layer.take("activation"), layer.take("gate_activation", "sigmoid")
    if x.features is None or x.features.size % 2:
        raise Unsupported("features that are not known")
    half = x.features // 2
    first, second = (level.unique_variable(f"{layer.name}_{part}") for part in ("value", "gate"))
    level.statement(f"{first}, {second} = nn.split({x.text}, 2)")
    text = f"{activated(level, first, activation)} * {activated(level, second, gate)}"
    return level.assign(layer.name, text, x.replaced(x.features, half))


@translates("compare")
def _compare(level: Level, layer: Layer) -> Value:
    values, kind = sources(level, layer), layer.take("kind", "equal")
    if kind not in _COMPARE:
        raise Unsupported(f"kind={kind!r}")
    value = layer.take("value")
    right = repr(value) if len(values) == 1 else bracketed(values[1].text)
    text = f"{bracketed(values[0].text)} {_COMPARE[kind]} {right}"
    dims = joint_dims(values)
    if dims is not None and all(set(dims) != set(one.dims or ()) for one in values):
        text = f'nn.compare("{kind}", {values[0].text}, {right}, allow_broadcast_all_sources=True)'
    return level.assign(layer.name, text, dims, dtype="bool")


@translates("switch")
def _switch(level: Level, layer: Layer) -> Value:
    condition = level.read(layer.take("condition"))
    given = [layer.take("true_from"), layer.take("false_from")]
    values = [level.read(one) if isinstance(one, str) else Value(repr(one), ()) for one in given]
    known = next((value for value in values if value.labels is not None or value.dims), values[0])
    text = f"nn.where({condition.text}, {values[0].text}, {values[1].text})"

    dims = joint_dims([condition, *values])
    return level.assign(layer.name, text, dims, labels=known.labels, dtype=known.dtype)


@translates("cast")
def _cast(level: Level, layer: Layer) -> Value:
    value, dtype = source(level, layer), layer.take("dtype")
    return level.assign(layer.name, f'nn.cast({value.text}, "{dtype}")', value.dims, dtype=dtype)


@translates("constant")
def _constant(level: Level, layer: Layer) -> Value:
    value, shape, dtype = layer.take("value", 0.0), layer.take("shape", ()), layer.take("dtype")
    labels = layer.take("sparse_dim")
    if not all(isinstance(dim, Dim) for dim in shape) or not isinstance(value, (bool, int, float)):
        raise Unsupported(f"value={value!r} shape={shape!r}")
    more = f', dtype="{dtype}"' if dtype else ""
    more += f", sparse_dim={level.notes.dims.text(labels)}" if labels is not None else ""
    text = f"nn.constant({value!r}, {level.notes.dims.list_text(tuple(shape))}{more})"
    return level.assign(layer.name, text, tuple(shape), labels=labels, dtype=dtype or _dtype_of(value))


def _dtype_of(value: bool | int | float) -> str:
    return {bool: "bool", int: "int32"}.get(type(value), "float32")


@translates("train_flag", "global_train_step")
def _of_the_run(level: Level, layer: Layer) -> Value:
    """Whether the network is trained, and the number of the step of the training."""
    if layer.class_name == "train_flag":
        return level.assign(layer.name, "nn.train_flag()", (), dtype="bool")
    return level.assign(layer.name, "nn.train_step()", (), dtype="int32")


@translates("cond")
def _cond(level: Level, layer: Layer) -> Value:
    """``nn.where`` between what two layers give: a branch that is not taken changes nothing."""
    given = [layer.take(name) for name in ("condition", "true_layer", "false_layer")]
    condition, true, false = (level.read(one) if isinstance(one, str) else _branch(level, layer, one) for one in given)
    if condition.dims:
        raise Unsupported("a condition that is no scalar")
    text = f"nn.where({condition.text}, {true.text}, {false.text})"
    dims = joint_dims([true, false])
    return level.assign(layer.name, text, dims, labels=true.labels, dtype=true.dtype)


def _branch(level: Level, layer: Layer, options: Any) -> Value:
    """A layer of its own, whose parameters are called after the layer around it."""
    if not isinstance(options, dict) or options.get("class") not in TRANSLATIONS:
        raise Unsupported(f"a branch {options!r:.60}")
    branch = Layer(layer.name, options)
    value: Value = TRANSLATIONS[branch.class_name](level, branch)
    left = branch.left(has_parameters=branch.class_name in HAVE_PARAMETERS)
    if left:
        raise Unsupported(f"options of a branch: {', '.join(left)}")
    return value
