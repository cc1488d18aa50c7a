"""The units of recurrent layers: which module each is, and RETURNN's names of its parameters."""

from __future__ import annotations

from typing import Any, NamedTuple

from .layer import Layer, Unsupported
from .level import Level
from .parameters import find_layer, parameter_names, variable_name

_NATIVE = ("nativelstm2", "nativelstm", "lstm", "lstmp", "lstmblock", "lstmblockfused", "cudnnlstm")
"""Over a sequence all of them are RETURNN's NativeLstm2."""
_STANDARD = ("lstmblock", "standardlstm", "basiclstm", "zoneoutlstm")
"""TensorFlow's LSTM cell."""
_ROTATED = "(lambda j, i, f, o: tf.concat([i, j, f, o], axis=-1))(*tf.split(source(0), 4, axis=-1))"
"""How this package gives a standardlstm the parameters of a nativelstm2."""
_OF_LSTM = {"forward_weights_init": "W", "recurrent_weights_init": "W_re", "bias_init": "b"}


class Unit(NamedTuple):
    """
    A unit.

    :ivar module: the class
    :ivar options: what it is made with, beside its dim
    :ivar names: RETURNN's names of its parameters, by names in the module
    :ivar initializers: names in the module, by RETURNN's options for initializers
    """

    module: str
    options: list[str]
    names: dict[str, str]
    initializers: dict[str, str]


def recurrent_unit(level: Level, layer: Layer, unit: str, *, steps: bool) -> Unit:
    """
    The unit of a layer.

    :param unit: its name in lower case
    :param steps: whether the layer is one step of it, in a loop
    :raises Unsupported: if there is none like it
    """
    options = dict(layer.take("unit_opts") or {})
    rotated = options == {"forget_bias": 0.0} and isinstance(layer.options.get("reuse_params"), dict)
    if unit == "standardlstm" and rotated:
        names = _rotated_parameters(level, layer.take("reuse_params")["map"])
        return Unit("nn.LstmCell" if steps else "nn.Lstm", [], names, {})
    if unit in _NATIVE and layer.class_name == "rec":
        if options.pop("forget_bias", 0.0):
            raise Unsupported("a forget_bias of a NativeLstm2, which RETURNN has not either")
        dropout = options.pop("rec_weight_dropout", 0.0)
        _check_none_left(options)
        names = parameter_names(level, layer, "W", "W_re", "b", within="rec/")
        if dropout:
            return _weight_drop(level, float(dropout), names, steps=steps)
        return Unit("nn.LstmCell" if steps else "nn.Lstm", [], names, _OF_LSTM)
    if unit in _STANDARD:
        return _standard(level, layer, unit, options, steps=steps)
    if unit == "layernormvariantslstm":
        return _layer_norm(level, layer, options, steps=steps)
    raise Unsupported(f"unit={unit!r}")


def _layer_norm(level: Level, layer: Layer, options: dict[str, Any], *, steps: bool) -> Unit:
    """``LayerNormLstmCell`` of this package."""
    usual = {"global_norm": True, "global_norm_joined": False, "per_gate_norm": False, "cell_norm": True}
    usual |= {"cell_norm_in_output": True, "hidden_norm": False}
    given = {name: bool(options.pop(name, value)) for name, value in usual.items()}
    for name in ("forget_bias", "norm_gain", "norm_shift"):
        options.pop(name, None)  # what parameters start with
    _check_none_left(options)
    kinds = {"global_norm": "parts", "global_norm_joined": "joined", "per_gate_norm": "gates"}
    of_sums = next((kind for name, kind in kinds.items() if given[name]), "none")
    norms = {
        "parts": ["input_below", "state_below"],
        "joined": ["lstm_in"],
        "gates": ["i_gate", "j_gate", "f_gate", "o_gate"],
    }.get(of_sums, [])
    norms += (["new_c"] if given["cell_norm"] else []) + (["new_h"] if given["hidden_norm"] else [])
    keys = {"ff/W": "W_ff", "re/W": "W_re"} | ({} if norms and of_sums != "none" else {"ff/b": "bias_ff"})
    for norm in norms:
        keys |= {f"{norm}/gamma": f"gamma_{norm}"}
        keys |= {f"{norm}/beta": f"beta_{norm}"} if norm != "state_below" else {}
    names = parameter_names(level, layer, *keys.values(), within="rec/")
    module, within = ("LayerNormLstmCell", "") if steps else ("LayerNormLstm", "cell/")
    level.notes.used_models[module] = "layer_norm_lstm"
    texts = [f'of_sums="{of_sums}"'] if of_sums != "parts" else []
    texts += ["of_cell=False"] if not given["cell_norm"] else []
    texts += ["in_output=False"] if not given["cell_norm_in_output"] and given["cell_norm"] else []
    texts += ["of_output=True"] if given["hidden_norm"] else []
    return Unit(module, texts, {f"{within}{own}": names[key] for own, key in keys.items()}, {})


def _weight_drop(level: Level, dropout: float, names: dict[str, str], *, steps: bool) -> Unit:
    """``WeightDropLstmCell`` of this package."""
    module, within = ("WeightDropLstmCell", "") if steps else ("WeightDropLstm", "cell/")
    level.notes.used_models[module] = "weight_drop_lstm"
    own = {"W": "from_input/W", "W_re": "W_re", "b": "from_input/b"}
    return Unit(module, [f"dropout={dropout!r}"], {f"{within}{own[key]}": name for key, name in names.items()}, {})


def _standard(level: Level, layer: Layer, unit: str, options: dict[str, Any], *, steps: bool) -> Unit:
    """``StandardLstmCell`` of this package."""
    given = {
        "forget_bias": (options.pop("forget_bias", 1.0), 1.0),
        "zoneout_cell": (options.pop("zoneout_factor_cell", 0.0), 0.0),
        "zoneout_output": (options.pop("zoneout_factor_output", 0.0), 0.0),
        "outputs_zoneout": (options.pop("use_zoneout_output", level.notes.net.behavior_version >= 17), False),
    }
    if unit != "zoneoutlstm":
        del given["outputs_zoneout"]
    _check_none_left(options)
    within = "basic_lstm_cell" if unit == "basiclstm" else "lstm_cell"
    names = parameter_names(level, layer, "kernel", "bias", within=f"rec/{within}/")
    module = "StandardLstmCell" if steps else "StandardLstm"
    level.notes.used_models[module] = "standard_lstm"
    path = "gates" if steps else "cell/gates"
    texts = [f"{name}={value!r}" for name, (value, usual) in given.items() if value != usual]
    return Unit(module, texts, {f"{path}/W": names["kernel"], f"{path}/b": names["bias"]}, {})


def _check_none_left(options: dict[str, Any]) -> None:
    if options:
        raise Unsupported(f"unit_opts={options!r:.80}")


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
