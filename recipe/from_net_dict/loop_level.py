"""The unit of a ``rec`` layer: it becomes a module class whose forward has a loop."""

from __future__ import annotations

import re

from recipe.nn.plain.dim import Dim, batch_dim

from .foreseen_values import ForeseenValues
from .identifiers import identifier, unique_name
from .layer import Layer, Unsupported
from .level import Level
from .line import Line
from .loop_states import Cell, initial_text, is_cell
from .notes import Notes
from .sources import out_dim
from .value import Value


class LoopLevel(ForeseenValues):
    """
    The layers of a ``rec`` layer's unit.

    :param layer: the ``rec`` layer
    """

    def __init__(self, notes: Notes, layer: Layer, parent: Level):
        super().__init__(notes, layer.take("unit"), parent, layer.name)
        self.scope = f"{self.scope}rec/"
        self.target_name: str | None = layer.take("target")
        self.source: str | None = None
        sources = layer.take("from", [])
        if sources:
            self.source = sources if isinstance(sources, str) else sources[0]
            if not isinstance(sources, str) and len(sources) > 1:
                raise Unsupported(f"a loop over several inputs: {sources}")
        axis = layer.take("axis")
        self.given_axis: Dim | None = axis if isinstance(axis, Dim) else None
        self.axis: Dim | None = None
        self.axis_option = ""
        """The expression for its axis, where no frames of it are read."""
        self.include_end = bool(layer.take("include_eos", False))
        self.limit = self._limit(layer)
        self.cells: dict[str, Cell] = {}
        self.states: dict[str, str] = {}
        """The names of the states, by layer."""
        self.inner_states: dict[str, str] = {}
        """The names of the states of layers within, by path."""
        self.inner_initial: dict[str, str] = {}
        """What those of cells start with; others start with zeros."""
        self.initial_texts: dict[str, str | None] = {}
        """The expressions for what the states start with, None where that is found from the others."""
        self._unstacked: dict[str, Value] = {}
        self.lines_before: list[str] = []
        """What forward computes before the loop."""
        self.results: list[str] = []
        """The expressions that forward returns."""

    @property
    def loop(self) -> LoopLevel:
        """It is one itself."""
        return self

    def inner_state(self, path: str) -> str:
        """
        The name of a state that belongs to a layer within a layer of the loop, or to a masked one.

        :param path: names of the layers that it is in, and its own
        """
        if path not in self.inner_states:
            taken = {*self.inner_states.values(), *map(identifier, self.layers)}
            self.inner_states[path] = unique_name("_".join(map(identifier, path.split("/"))), taken)
        return self.inner_states[path]

    def read(self, reference: str) -> Value:
        """As everywhere, and ``prev:NAME``, ``:i``."""
        if reference.startswith("prev:"):
            return self._previous(reference.removeprefix("prev:"))
        if reference == ":i":
            return Value("loop.iter_idx", (), dtype="int32")
        return super().read(reference)

    def data(self, name: str) -> Value:
        """In a loop: the frame of what it goes over, or of a target."""
        assert self.parent is not None
        if name in ("", "source"):
            if self.source is None:
                raise Unsupported("the loop has no input, and so no data:source")
            return self.unstack(self.capture(self.parent.read(self.source), "source"), None)
        return self.target(name)

    def unstack(self, value: Value, axis: Dim | None, *, in_training: bool = False) -> Value:
        """
        The frame of a value at each step.

        :param axis: default: its only axis with lengths
        :param in_training: whether there is none in a search
        """
        known = value.text
        if known not in self._unstacked:
            over = axis or (value.lengths[0] if len(value.lengths) == 1 else None)
            if self.axis is not None and over is not None and over is not self.axis:
                value = self._along_the_loop(value, over)
                over = axis = self.axis
            self.axis = self.axis or over
            more = f", axis={self.notes.dims.text(axis)}" if axis is not None and len(value.lengths) != 1 else ""
            text = f"loop.unstack({value.text}{more})"
            if in_training:
                text += " if search is None else None"
            dims = value.without(over) if over is not None else None
            frame = self.assign(f"{known}_frame", text, dims, labels=value.labels, dtype=value.dtype)
            self._unstacked[known] = frame
        return self._unstacked[known]

    def _along_the_loop(self, value: Value, over: Dim) -> Value:
        """A value with the axis of the loop in place of another one, which RETURNN takes for the same."""
        assert self.axis is not None
        axis = f", axis={self.notes.dims.text(over)}" if value.lengths != [over] else ""
        text = f"nn.replace_dim({value.text}{axis}, out_dim={self.notes.dims.text(self.axis)})"
        return value._replace(text=text, dims=value.replaced(over, self.axis))

    def target(self, name: str) -> Value:
        """The right label of this step; None in a search."""
        assert self.parent is not None
        self.uses_search = True
        outer = (
            self.parent.read(name.removeprefix("layer:")) if name.startswith("layer:") else self.input_of_network(name)
        )
        return self.unstack(self.capture(outer, name), None, in_training=True)

    def labels_of_choice(self, name: str) -> Value:
        """
        The right labels of all steps, that a choice takes in training.

        :param name: of the layer, a choice
        :raises Unsupported: if it is none, or has no target
        """
        options = self.layers.get(name, {})
        target = options.get("target") or self.target_name
        if options.get("class") != "choice" or not isinstance(target, str) or target.startswith("layer:"):
            raise Unsupported(f"the labels of {name!r} in all steps")
        value = self.capture(self.input_of_network(target), target)
        self.uses_search = True
        over = value.lengths[0] if len(value.lengths) == 1 else None
        return self._along_the_loop(value, over) if self.axis not in (None, over) and over is not None else value

    def _previous(self, name: str) -> Value:
        """The value of a layer in the step before."""
        if name not in self.layers:
            raise Unsupported(f"there is no layer {name!r} in {self.name}")
        state = self.states.setdefault(name, identifier(name))
        self.note_read(name)
        known = self.values.get(name) or self.foreseen(name)
        suffix = ".h" if is_cell(self.layers[name]) else ""
        return known._replace(text=f"loop.state.{state}{suffix}")

    def previous_cell(self, name: str) -> tuple[str, Dim | None]:
        """
        The state of an LSTM after the step before: the expression for it, and its dim.

        :raises Unsupported: if the layer is none
        """
        if name not in self.layers or not is_cell(self.layers[name]):
            raise Unsupported(f"the state of {name!r}")
        state = self.states.setdefault(name, name if name.isidentifier() else f"{name}_state")
        self.note_read(name)
        return f"loop.state.{state}", out_dim(self, Layer(name, self.layers[name]))

    def _limit(self, layer: Layer) -> str | None:
        """The expression for the greatest number of steps."""
        assert self.parent is not None
        via, limit = layer.take("max_seq_len_via"), layer.take("max_seq_len")
        if via is not None:
            return self.capture(self.parent.read(via), "max_seq_len").text
        if not isinstance(limit, str):
            return None if limit is None else str(limit)
        match = re.fullmatch(r"\s*max_len_from\(['\"]base:(.+?)['\"]\)\s*((?:[-+*]|//)\s*\d+)?\s*", limit)
        if match is None:
            raise Unsupported(f"max_seq_len={limit!r}")
        value = self.capture(self.parent.read(match[1]), match[1])
        more = f" {match[2][0] if match[2][:2] != '//' else '//'} {match[2].lstrip('-+*/ ')}" if match[2] else ""
        return f"nn.reduce_max({value.text}.seq_len, nn.batch_dim){more}"

    @property
    def known_axes(self) -> set[Dim]:
        """The axes of the network's inputs."""
        return {dim for data in self.notes.net.inputs.values() for dim in data.dims}

    # the end of it

    def finish(self, asked_for: set[str]) -> list[Value]:
        """
        Writes the code for what is asked for, its end and its states.

        :param asked_for: layers; "" for the output of the loop
        :return: what forward returns
        """
        finished = [self._finished(name) for name in sorted(asked_for)]
        if not asked_for:
            self.value_of("output")
        for name, options in self.layers.items():
            if isinstance(options, dict) and options.get("loss"):
                self.value_of(name)
        self._go_over_the_source()
        self._end()
        done: set[str] = set()
        while set(self.states) - done:
            for name in sorted(set(self.states) - done):
                value = self.value_of(name)
                done.add(name)
                initial = self.layers[name].get("initial_output")
                if isinstance(initial, str) and initial.startswith("base:"):
                    self.read(initial)
                line = next((line for line in self.lines if line.variable == value.text), None)
                if line is not None and line.state is None and name not in self.cells and not line.indent:
                    line.state = name
                elif line is None or line.state != name:
                    self.lines.append(Line("", f"loop.state.{self.states[name]} = {value.text}"))
        self.initial_texts = {name: initial_text(self, name, self.cells.get(name)) for name in self.states}
        axis = self.axis or self.given_axis or Dim(None, "steps")
        results = []
        for text, value, is_stacked in finished:
            self.results.append(text)
            dims = value.dims
            if dims is not None and is_stacked:
                rest = [dim for dim in dims if not dim.is_batch]
                dims = (batch_dim, axis, *rest)
            results.append(value._replace(text=text, dims=dims))
        return results

    def _finished(self, name: str) -> tuple[str, Value, bool]:
        assert self.parent is not None
        layers = self.parent.layers.values()
        is_last = any(
            options.get("class") == "rec_last_output"
            and options.get("rec_layer") == self.name
            and options.get("sub_layer_name") == name
            for options in layers
        )
        value = self.value_of(name or "output")
        return f"loop.{'last' if is_last else 'stack'}({value.text})", value, not is_last

    def _go_over_the_source(self) -> None:
        """Where no layer reads the frames that the loop goes over, it has their axis all the same."""
        assert self.parent is not None
        if self.source is None or self.axis is not None or self.given_axis is not None:
            return
        value = self.capture(self.parent.read(self.source), "source")
        if len(value.lengths) == 1:
            self.axis, self.axis_option = value.lengths[0], f"{value.text}.spatial_dim"

    def _end(self) -> None:
        if "end" not in self.layers:
            return
        if (self.axis is not None and not self.uses_search) or self.given_axis in self.known_axes:
            self.lines.append(Line("", "# `end` is left out: RETURNN ignores it in a loop over an axis that is known"))
            return
        end = self.value_of("end")
        call = f"loop.end({end.text}, include_eos={self.include_end})"
        self.lines.append(Line("", f"if search is not None:\n    {call}" if self.uses_search else call))
