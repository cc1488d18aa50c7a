"""Options of layers that say how parameters are trained and what they start with."""

from __future__ import annotations

import ast
import math
from typing import Any

from recipe.nn.plain.dim import Dim

from .layer import Layer, Unsupported


def training_options(layer: Layer) -> str:
    """What is called on a module for ``L2`` and ``trainable``: ``.train_with(weight_decay=0.01)``."""
    decay, is_trained = layer.take("L2"), layer.take("trainable", True)
    options = [f"weight_decay={float(decay)!r}"] if decay else []
    options += [] if is_trained in (True, None) else ["trainable=False"]
    if options == ["trainable=False"]:
        return ".freeze()"
    return f".train_with({', '.join(options)})" if options else ""


def initial_values(layer: Layer, parameters: dict[str, str], rows: Dim | None, columns: Dim | None) -> list[str]:
    """
    What is written behind a module for the initializers that a layer asks for: ``.W.initial = nn.Normal(0.1)``.

    :param parameters: names in the module, by RETURNN's options
    :raises Unsupported: if there is none like it
    """
    sizes = [dim.known_size if dim is not None else None for dim in (rows, columns)]
    lines = []
    for option, parameter in parameters.items():
        value = initial_value(layer.take(option), *sizes)
        if value is not None and not (parameter == "b" and value == "0.0"):
            lines.append(f".{parameter}.initial = {value}")
    return lines


def initial_value(given: Any, rows: int | None, columns: int | None) -> str | None:
    """
    The initializer that an option such as ``forward_weights_init`` means; None for the usual one, Glorot's.

    :param rows: of the matrix, as far as that is known
    :param columns: of the matrix
    :raises Unsupported: if there is none like it
    """
    name, options = _named(given)
    if name in (None, "glorot_uniform", "xavier", "xavier_uniform", "glorot", "glorot_uniform_initializer"):
        return None
    if name in ("zeros", "zeros_initializer", "constant", "constant_initializer", "ones"):
        return repr(float(options.get("value", 1.0 if name == "ones" else 0.0)))
    if name in ("random_normal_initializer", "RandomNormal") and not options.get("mean"):
        return f"nn.Normal({float(options.get('stddev', 1.0))!r})"
    if name in ("random_uniform_initializer", "RandomUniform") and options.get("minval", 0) == -options.get(
        "maxval", 1
    ):
        return f"nn.Uniform({float(options['maxval'])!r})"
    is_scaled = name in ("variance_scaling_initializer", "VarianceScaling")
    if is_scaled and options.get("distribution") == "uniform" and rows and columns:
        fan = {"fan_in": rows, "fan_out": columns}.get(options.get("mode", "fan_in"), (rows + columns) / 2)
        scale = float(options.get("scale", 1.0))
        return f"nn.Uniform({math.sqrt(3 * scale / fan):.6g})"
    raise Unsupported(f"the initializer {given!r:.80}")


def mean_of_normal(given: Any) -> float | None:
    """The mean of an initializer with normal values around another number than 0, which the language has not."""
    name, options = _named(given)
    mean = options.get("mean")
    return float(mean) if name in ("random_normal_initializer", "RandomNormal") and mean else None


def _named(given: Any) -> tuple[str | None, dict[str, Any]]:
    """The name and the options of an initializer."""
    if given is None:
        return None, {}
    if isinstance(given, (int, float)):
        return "constant", {"value": given}
    if isinstance(given, dict):
        return str(given.get("class")), {key: value for key, value in given.items() if key != "class"}
    if not isinstance(given, str):
        raise Unsupported(f"the initializer {given!r:.80}")
    try:
        node = ast.parse(given, mode="eval").body
        if isinstance(node, ast.Call) and not node.args:
            options = {one.arg or "": ast.literal_eval(one.value) for one in node.keywords}
            return ast.unparse(node.func).rpartition(".")[2], options
        if isinstance(node, ast.Constant):
            return "constant", {"value": node.value}
    except (SyntaxError, ValueError):
        pass
    return given, {}
