"""Layers with parameters: they become modules."""

from __future__ import annotations

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .elementwise_layers import activated
from .inner_states import loop_state
from .layer import Layer, Unsupported
from .layer_options import initial_value, initial_values, mean_of_normal, training_options
from .layer_translations import translates
from .level import Level
from .loop_level import LoopLevel
from .loop_states import Cell
from .losses import add_cross_entropy
from .notes import Owner
from .parameters import parameter_names, variable_name
from .recurrent_units import recurrent_unit
from .sources import axis_of, axis_text, out_dim, source, with_dropout
from .value import Value


@translates("linear", "softmax", "hidden", has_parameters=True)
def _linear(level: Level, layer: Layer) -> Value:
    """``Linear``, or of labels without bias ``Embedding``; with the cross entropy of its logits."""
    is_transposed = bool(layer.take("use_transposed_weights"))
    if is_transposed and layer.options.get("reuse_params"):
        raise Unsupported("its weights are those of another layer, transposed")
    activation = layer.take("activation", "softmax" if layer.class_name == "softmax" else None)
    dim, with_bias = out_dim(level, layer), layer.take("with_bias", True)
    x = with_dropout(layer, source(level, layer))
    names = parameter_names(level, layer, "W", *(["b"] if with_bias else []))
    texts = level.notes.dims
    initializers = {"forward_weights_init": "W"} | ({"bias_init": "b"} if with_bias else {})
    sizes = (dim, x.features) if is_transposed else (x.features, dim)
    initial = written_initial_values(level, layer, initializers, *sizes)
    options = "" if with_bias else ", with_bias=False"
    if x.labels is not None and not with_bias:
        constructor = f"nn.Embedding({texts.text(x.labels)}, {texts.text(dim)})"
    elif is_transposed:
        if x.features is None or x.labels is not None:
            raise Unsupported("transposed weights of features that are not known")
        level.notes.used_models["TransposedLinear"] = "transposed_linear"
        constructor = f"TransposedLinear({texts.text(x.features)}, {texts.text(dim)}{options})"
    else:
        first = f"{texts.text(x.features)}, " if initial and x.features is not None else ""
        constructor = f"nn.Linear({first}{texts.text(dim)}{options})"
    module = level.member(layer, constructor, tuple(names.values()), names, initial)
    dims = x.replaced(x.features, dim) if x.labels is None else (*x.dims, dim) if x.dims is not None else None
    if layer.options.get("loss") in ("ce", "ctc") and activation == "softmax":
        logits = level.assign(f"{layer.name}_logits", f"{module}({x.text})", dims)
        value = level.assign(layer.name, activated(level, logits.text, activation), dims)
        add_cross_entropy(level, layer, logits)
        return value
    return level.assign(layer.name, activated(level, f"{module}({x.text})", activation), dims)


def written_initial_values(
    level: Level, layer: Layer, parameters: dict[str, str], rows: Dim | None, columns: Dim | None
) -> list[str]:
    """The lines for the initializers that a layer asks for; one that there is not here is a problem."""
    try:
        return initial_values(layer, parameters, rows, columns)
    except Unsupported as error:
        level.problem(f"{level.scope}{layer.name}", layer.class_name, str(error))
        return []


@translates("variable", has_parameters=True)
def _variable(level: Level, layer: Layer) -> Value:
    """A parameter that is read as a value."""
    shape, init = layer.take("shape"), layer.take("init", 0)
    dims = tuple(as_dim(one) for one in ([shape] if isinstance(shape, int) else shape))
    if layer.take("add_batch_axis") or layer.take("add_time_axis") or layer.take("dtype", "float32") != "float32":
        raise Unsupported("a parameter with axes of the batch, or of another type")
    if len(set(dims)) != len(dims) or not all(dim.is_static for dim in dims):
        raise Unsupported(f"shape={shape!r}")
    layer.take("param_name"), layer.take("name_scope")
    sizes = [dim.known_size for dim in dims] if len(dims) == 2 else [None, None]
    mean = mean_of_normal(init)
    if mean is not None:
        level.notes.differences.add(f"{layer.name} starts with {mean!r}, in RETURNN with {init}.")
    initial = repr(mean) if mean is not None else initial_value(init, *sizes)
    decay = layer.take("L2")
    options = [level.notes.dims.list_text(dims)] + ([f"initial={initial}"] if initial is not None else [])
    options += [f"weight_decay={float(decay)!r}"] if decay else []
    options += ["trainable=False"] if layer.take("trainable", True) is False else []
    name = variable_name(level, layer)
    plain = Layer(layer.name, {"class": layer.class_name})
    return Value(level.member(plain, f"nn.Parameter({', '.join(options)})", (name,), {"": name}), dims)


@translates("layer_norm", "norm", has_parameters=True)
def _layer_norm(level: Level, layer: Layer) -> Value:
    x, epsilon = source(level, layer), layer.take("epsilon", 1e-6)
    axis = axis_of(x, layer.take("axis", layer.take("axes", layer.take("out_dim", "F"))))
    if axis is None or axis is not x.features:
        raise Unsupported("a norm over another axis than the features")
    names = parameter_names(level, layer, "scale", "bias")
    more = "" if epsilon == 1e-6 else f", epsilon={epsilon!r}"
    constructor = f"nn.LayerNorm({level.notes.dims.text(axis)}{more})"
    return level.assign(
        layer.name, f"{level.member(layer, constructor, tuple(names.values()), names)}({x.text})", x.dims
    )


@translates("rec", "rnn_cell", has_parameters=True)
def _rec(level: Level, layer: Layer) -> Value:
    """A loop, or an LSTM: over a sequence, or one step of it."""
    unit = layer.take("unit")
    if isinstance(unit, dict):
        return _loop(level, layer)
    x = with_dropout(layer, source(level, layer))
    dim = out_dim(level, layer)
    steps = level.loop is not None and not x.lengths
    direction = layer.take("direction", 1)
    if direction not in (1, -1):
        raise Unsupported(f"direction={direction!r}")
    found = recurrent_unit(level, layer, str(unit).lower(), steps=steps)
    options = [*found.options, *(["direction=-1"] if direction == -1 else [])]
    initial = written_initial_values(level, layer, found.initializers, x.features, dim)
    first = [level.notes.dims.text(x.features)] if initial and x.features is not None else []
    constructor = f"{found.module}({', '.join([*first, level.notes.dims.text(dim), *options])})"
    owner: Owner = tuple(found.names.values())
    module = level.member(layer, constructor, (*owner, str(direction)), found.names, initial)
    layer.take("axis"), layer.take("max_seq_len"), layer.take("target")
    if steps:
        return _step(level, layer, module, x, dim)
    axis = axis_of(x, layer.options.get("axis"))
    initial_state = _initial_state(level, layer)
    start = f", {initial_state}" if initial_state else ""
    text = f"{module}({x.text}{start}{axis_text(level, x, axis)})"
    is_asked_for = any(
        options.get("class") == "get_last_hidden_state" and options.get("from") in (layer.name, [layer.name])
        for options in level.layers.values()
        if isinstance(options, dict)
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
    level.uses_loop = level.uses_loop or (inner.uses_loop and level.loop is not level)
    options = training_options(layer) if layer.options.get("trainable") is False else ""
    level.members[inner.attribute] = f"{inner.class_name}({', '.join(inner.given_members.values())}){options}"
    arguments = [value.text for value in inner.arguments.values()] + (["loop"] if inner.uses_loop else [])
    arguments += ["search=search"] if inner.uses_search else []
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


def _step(level: Level, layer: Layer, module: str, x: Value, dim: Dim) -> Value:
    """One step of an LSTM, with its state as one of the loop, or as the net dict says."""
    given = layer.take("state")
    dims = x.replaced(x.features, dim) or (batch_dim, dim)
    if isinstance(given, dict):
        h, c = level.read(given["h"]), level.read(given["c"])
        return level.assign(layer.name, f"{module}({x.text}, nn.LstmState({h.text}, {c.text}))", dims, is_cell=True)
    if given is not None:
        raise Unsupported(f"state={given!r:.60}")
    if not isinstance(level, LoopLevel) or layer.is_masked:
        if _initial_state(level, layer):
            raise Unsupported("an initial_state of a cell in a subnetwork or a masked computation of a loop")
        state = loop_state(level, layer.name, module)
        value = level.assign(layer.name, f"{module}({x.text}, {state})", dims, is_cell=True)
        level.lines[-1].second = state
        return value
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
