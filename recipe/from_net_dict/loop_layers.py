"""Layers that stand in loops, or read what loops give."""

from __future__ import annotations

from recipe.nn.plain.dim import as_dim, batch_dim

from .inner_states import loop_state
from .layer import Layer, Unsupported
from .layer_translations import translates
from .level import Level
from .line import Line
from .loop_level import LoopLevel
from .loop_states import is_cell
from .notes import Notes
from .parameter_layers import call_of
from .sources import axis_of, source
from .value import Value


@translates("rec_unstack")
def _rec_unstack(level: Level, layer: Layer) -> Value:
    layer.take("declare_rec_time")
    if not isinstance(level, LoopLevel):
        raise Unsupported("rec_unstack outside of a loop")
    x, axis = source(level, layer), layer.take("axis")
    return level.unstack(x, axis_of(x, axis) if axis is not None else None)


@translates("choice")
def _choice(level: Level, layer: Layer) -> Value:
    """``nn.choice``: with the target in training, or by the search that the network is given."""
    if not isinstance(level, LoopLevel):
        raise Unsupported("a choice outside of a loop")
    scores, input_type = source(level, layer), layer.take("input_type", "prob")
    beam_size = layer.take("beam_size", 12)
    normalization = layer.take("length_normalization", True)
    exponent = layer.take("length_normalization_exponent", 1.0) if normalization else 0.0
    layer.take("search")
    layer.take("explicit_search_source")
    if input_type not in ("prob", "log_prob", "logits"):
        raise Unsupported(f"input_type={input_type!r}")
    target = layer.take("target") if "target" in layer.options else level.target_name
    level.notes.search = (int(beam_size), float(exponent))
    more = "" if input_type == "logits" else f', input_type="{input_type}"'
    labels = scores.features
    if isinstance(target, str):
        frame = level.target(target)
        labels = frame.labels
        more = f", target={frame.text}, search=search{more}"
    return level.assign(layer.name, f"nn.choice({scores.text}{more})", (batch_dim,), labels=labels)


@translates("rec_last_output")
def _rec_last_output(level: Level, layer: Layer) -> Value:
    name = layer.take("rec_layer")
    level.read(name) if f"{name}/{layer.take('sub_layer_name')}" not in level.values else None
    return level.values[f"{name}/{layer.take('sub_layer_name')}"]


@translates("get_last_hidden_state")
def _get_last_hidden_state(level: Level, layer: Layer) -> Value:
    """Of an LSTM: its state after the sequence, or in a loop after this step."""
    given, key = layer.take("from"), layer.take("key", "*")
    layer.take("out_dim"), layer.take("n_out")
    name = given if isinstance(given, str) else given[0]
    if isinstance(level, LoopLevel) and name.startswith("prev:"):
        state, dim = level.previous_cell(name.removeprefix("prev:"))
    else:
        value = level.read(name)
        line = next((line for line in level.lines if line.variable == value.text), None)
        if line is None or not line.is_cell:
            raise Unsupported(f"the state of {name!r}")
        state, dim = line.second, value.features
    if key not in ("h", "c", "*", "flat"):
        raise Unsupported(f"key={key!r} of {name!r}")
    if key in ("*", "flat"):
        size = as_dim(2 * dim.size) if dim is not None else None
        dims = (batch_dim, size) if size is not None else None
        return level.assign(layer.name, f"nn.concat({state}.c, {state}.h)", dims)
    return Value(f"{state}.{key}", (batch_dim, dim) if dim is not None else None)


@translates("subnetwork")
def _subnetwork(level: Level, layer: Layer) -> Value:
    """A module class of its own."""
    checkpoint = layer.take("load_on_init")
    if checkpoint is not None:
        file = checkpoint.get("filename") if isinstance(checkpoint, dict) else checkpoint
        level.notes.checkpoints.append(f"layer {level.scope + layer.name!r} (subnetwork): load_on_init={file!r:.80}")
        level.statement(
            f"# TODO {layer.name} begins with a checkpoint, {str(file)!r:.80}: preload=[Preload(...)] of the training"
        )
    inner = Subnetwork(level.notes, layer, level)
    asked_for = level.is_asked_for(layer.name)
    results = {name: inner.value_of(name or "output") for name in sorted(asked_for)}
    inner.assign_states()
    inner.results = [value.text for value in results.values()]
    return call_of(level, layer, inner, results)


class Subnetwork(Level):
    """
    The layers of a ``subnetwork`` layer.

    :param layer: the layer
    """

    def __init__(self, notes: Notes, layer: Layer, parent: Level):
        super().__init__(notes, layer.take("subnetwork"), parent, layer.name)
        layer.take("concat_sources")
        self._source = source(parent, layer) if layer.options.get("from") else None
        self.results: list[str] = []
        self._previous: dict[str, str] = {}
        """The expressions for values of the step before, by layer."""

    def read(self, reference: str) -> Value:
        """As everywhere, and within a loop ``prev:NAME``."""
        if reference.startswith("prev:") and self.loop is not None:
            return self._value_before(reference.removeprefix("prev:"))
        return super().read(reference)

    def _value_before(self, name: str) -> Value:
        """The value of a layer in the step of the loop before; zeros before the first one."""
        if name not in self.layers:
            raise Unsupported(f"there is no layer {name!r} in {self.name}")
        options = self.layers[name]
        if options.get("initial_output") not in (None, 0, "zeros"):
            raise Unsupported(f"initial_output={options['initial_output']!r} of {name!r} in a subnetwork of a loop")
        state = loop_state(self, name)
        if is_cell(options):
            state = f"{state}.h"
        else:
            self._previous[name] = state
        features = Layer(name, options).options.get("n_out")
        dims = (batch_dim, as_dim(features)) if isinstance(features, int) else None
        return Value(state, dims)

    def assign_states(self) -> None:
        """Writes the lines that assign what the next step reads."""
        done: set[str] = set()
        while set(self._previous) - done:
            for name in sorted(set(self._previous) - done):
                done.add(name)
                value = self.value_of(name)
                self.lines.append(Line("", f"{self._previous[name]} = {value.text}"))

    def data(self, name: str) -> Value:
        """What the layer has as its input, or an input of the network."""
        if name in ("", "data", "source") and self._source is not None:
            return self.capture(self._source, "data")
        return super().data(name)
