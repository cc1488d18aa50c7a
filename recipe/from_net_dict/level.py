"""A level of a net dict, the network itself or what a layer of it holds: it becomes a module class."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from recipe.nn.plain.dim import Dim

from .holes import hole_dims, input_references
from .identifiers import identifier, unique_name
from .layer import Layer, Unsupported, references
from .layer_translations import HAVE_PARAMETERS, LOSSES, TRANSLATIONS
from .line import Line
from .loss_options import as_is_loss
from .module_members import ModuleMembers
from .notes import Notes
from .value import Value


class Level(ModuleMembers):
    """
    Layers that see each other, as a module class.

    :param notes: of the net dict that it is a part of
    :param layers: options by name
    :param parent: the level around, None for the network itself
    :param name: of the layer that holds them, "" for the network itself
    """

    def __init__(self, notes: Notes, layers: Mapping[str, Any], parent: Level | None, name: str):
        super().__init__(notes, parent, name)
        self.layers, self.parent, self.name = layers, parent, name
        self.class_name = notes.unique_class_name(name or "model")
        self.scope: str = f"{parent.scope}{name}/" if parent is not None else ""
        """What they begin with in RETURNN."""
        self.lines: list[Line] = []
        self.inner: list[Level] = []
        """The levels in it that its code calls."""
        self.arguments: dict[str, Value] = {}
        """What forward gets from around, by argument: what it is called there."""
        self.uses_search = False
        self.uses_loop = False
        """Whether states of the loop around are read or assigned in it."""
        self.has_own_values = True
        """Whether its values are known where code is written now; not so before a loop."""
        self.values: dict[str, Value] = {}
        self._being_translated: list[str] = []
        self._taken_variables = {"self", "nn", "search", "loop"}
        self._reads: set[str] = set()

    @property
    def loop(self) -> Level | None:
        """The innermost loop that it is in, or is itself; None if it is in none."""
        return self.parent.loop if self.parent is not None else None

    # layers

    def read(self, reference: str) -> Value:
        """
        The value that a reference means.

        :raises Unsupported: if there is no such layer
        """
        if reference.startswith("base:") and self.parent is not None:
            return self.capture(self.parent.read(reference.removeprefix("base:")), reference.removeprefix("base:"))
        if reference == "data" or reference.startswith("data:"):
            return self.data(reference.partition(":")[2])
        if "/" in reference and reference not in self.layers:
            self.value_of(reference.partition("/")[0])
            if reference in self.values:
                return self.values[reference]
        return self.value_of(reference)

    def data(self, name: str) -> Value:
        """An input of the network, or a layer that is registered as one."""
        if self.parent is not None:
            return self.capture(self.parent.data(name), name or "data")
        return self._declared_input(name or "data")

    def _declared_input(self, name: str) -> Value:
        for layer, options in self.layers.items():
            if options.get("register_as_extern_data") == name:
                return self.value_of(layer)
        key = f"data:{name}"
        if key not in self.values:
            variable, data = self.notes.declare_input(name)
            expression = f"nn.get_extern_data({variable})"
            self.values[key] = self.assign(name, expression, data.dims, labels=data.labels, dtype=data.dtype)
        return self.values[key]

    def value_of(self, name: str) -> Value:
        """The output of a layer of this level, whose code is written when it is read first."""
        for one in [*self._inputs_first(name), name]:
            self._value_of(one)
        return self.values[name]

    def _inputs_first(self, name: str) -> Iterator[str]:
        """The layers of this level that a layer's inputs come from, inputs first: chains of them may be long."""
        stack = [(name, iter(self._plain_inputs(name)))]
        open_ones = {name}
        while stack:
            current, inputs = stack[-1]
            following = next(inputs, None)
            if following is None:
                stack.pop()
                if stack:
                    yield current
            elif following not in open_ones and following not in self.values:
                open_ones.add(following)
                stack.append((following, iter(self._plain_inputs(following))))

    def _plain_inputs(self, name: str) -> list[str]:
        options = self.layers.get(name)
        given = options.get("from") if isinstance(options, dict) else None
        names = [given] if isinstance(given, str) else given if isinstance(given, (list, tuple)) else []
        known = {*self.values, *self._being_translated}
        return [one for one in names if isinstance(one, str) and one in self.layers and one not in known]

    def _value_of(self, name: str) -> Value:
        if name not in self.values:
            if name not in self.layers:
                raise Unsupported(f"there is no layer {name!r} in {self.name or 'the network'}")
            if name in self._being_translated:
                raise Unsupported(f"layers depend on each other: {' <- '.join([*self._being_translated, name])}")
            self._being_translated.append(name)
            reads, self._reads = self._reads, set()
            options = self.layers[name]
            options = options if isinstance(options, dict) else {"class": f"an unread value, {options!r:.80}"}
            layer = Layer(name, options)
            layer.rates = {rate for around, one, rate in self.notes.net.rates if (around, one) == (self.name, name)}
            self.values[name] = self._translate(layer)
            self._reads = reads
            self._being_translated.pop()
        return self.values[name]

    def _translate(self, layer: Layer) -> Value:
        where = f"{self.scope}{layer.name}"
        dims = self.notes.dims
        outside, dims.seen_from = dims.seen_from, self.axis_text
        try:
            if layer.class_name not in TRANSLATIONS:
                raise Unsupported("there is no translation for this class")
            value = TRANSLATIONS[layer.class_name](self, layer)
            if not layer.is_taken("loss") and layer.options.get("loss") in LOSSES:
                LOSSES[layer.options["loss"]](self, layer, value)
            loss = as_is_loss(layer, value, self.loss_name(layer.name))
            if loss is not None:
                self.mark_loss(loss)
        except Unsupported as error:
            self.problem(where, layer.class_name, str(error))
            return self._hole(layer)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # options of other types than RETURNN documents
            what = re.sub(r"^\S+:\d+: ", "", str(error).partition("\n")[0])  # without the place of this line
            self.problem(where, layer.class_name, f"its options are not understood: {type(error).__name__} {what}")
            return self._hole(layer)
        finally:
            dims.seen_from = outside
        for option in layer.left(has_parameters=layer.class_name in HAVE_PARAMETERS):
            self.problem(where, layer.class_name, f"option {option}={layer.options[option]!r:.60} is left out")
        return value

    def _hole(self, layer: Layer) -> Value:
        """What stands for a layer that is not translated: with its inputs and its dims, as far as they are known."""
        inputs: list[Value] = []
        for reference in input_references(layer):
            try:
                inputs.append(self.read(reference))
            except (Unsupported, AttributeError, LookupError, TypeError):
                continue
        inputs = [value for value in inputs if value.text.isidentifier() and value.text != "None"]
        dims = hole_dims(layer, inputs)
        if dims is None:
            return self.assign(layer.name, "None", None)
        self.notes.used_models["not_translated"] = "not_translated"
        names = ", ".join(value.text for value in inputs)
        text = f'not_translated("{self.scope}{layer.name}", [{names}], {self.notes.dims.list_text(dims)})'
        return self.assign(layer.name, text, dims)

    def axis_text(self, dim: Dim) -> str | None:
        """An expression for an axis that only comes with values, of one that is known here; None if none has it."""
        value = self.value_along(dim)
        if value is None:
            return None
        place = "spatial_dim" if value.lengths == [dim] else f"dims[{list(value.dims or ()).index(dim)}]"
        return f"{value.text}.{place}"

    def value_along(self, dim: Dim) -> Value | None:
        """A value that has an axis, best as its only one with lengths."""
        known = [*self._given_values(), *(self.values.values() if self.has_own_values else [])]
        having = [value for value in known if dim in (value.dims or ()) and value.text.isidentifier()]
        found = next((value for value in having if value.lengths == [dim]), having[0] if having else None)
        if found is not None or self.parent is None:
            return found
        outer = self.parent.value_along(dim)
        return self.capture(outer, outer.text) if outer is not None else None

    def _given_values(self) -> list[Value]:
        """What forward gets from around, as it is called here."""
        return [value._replace(text=argument) for argument, value in self.arguments.items()]

    def problem(self, where: str, class_name: str, what: str) -> None:
        """Notes what is not translated, here and for the user."""
        text = f"layer {where!r} ({class_name}): {what}"
        self.notes.problems.append(text)
        self.lines.append(Line("", f"# TODO {text}"))

    # code

    def assign(
        self,
        name: str,
        expression: str,
        dims: tuple[Dim, ...] | None,
        *,
        labels: Dim | None = None,
        dtype: str | None = None,
        is_cell: bool = False,
    ) -> Value:
        """Writes the line that computes a value, which is called after its layer."""
        variable = self._unique_cell(name) if is_cell else self.unique_variable(name)
        self.lines.append(Line(variable, expression, is_cell=is_cell, reads=self._reads))
        self._reads = set()
        return Value(variable, dims, labels, dtype or ("int32" if labels is not None else "float32"))

    def statement(self, text: str) -> None:
        """Writes a line that gives no value."""
        self.lines.append(Line("", text, reads=self._reads))
        self._reads = set()

    def mark_loss(self, statement: str) -> None:
        """Writes the line that marks a loss; there is none in a search."""
        indented = statement.replace("\n", "\n    ")
        self.statement(f"if search is None:\n    {indented}" if self.uses_search else statement)

    def loss_name(self, name: str) -> str:
        """How the loss of a layer is called: after the layer, if no output is called so."""
        root = self
        while root.parent is not None:
            root = root.parent
        return f"{name}_loss" if name in root.layers and root.is_output(name) else name

    def note_read(self, state: str) -> None:
        """Notes that the next line reads a state of the loop."""
        self._reads.add(state)

    def capture(self, value: Value, name: str) -> Value:
        """A value of the level around, as an argument."""
        for argument, outer in self.arguments.items():
            if outer.text == value.text:
                return outer._replace(text=argument)
        argument = self.unique_variable(value.text if value.text.isidentifier() else name.replace("data:", ""))
        self.arguments[argument] = value
        return value._replace(text=argument)

    def unique_variable(self, name: str) -> str:
        """A name for a variable of forward."""
        return unique_name(identifier(name), self._taken_variables)

    def _unique_cell(self, name: str) -> str:
        """A name for a variable whose state is called after it, too."""
        variable = self.unique_variable(name)
        while f"{variable}_state" in self._taken_variables:
            variable = self.unique_variable(name)
        self._taken_variables.add(f"{variable}_state")
        return variable

    def with_inner(self) -> Iterator[Level]:
        """The level and those in it, which come first."""
        for level in self.inner:
            yield from level.with_inner()
        yield self

    def is_asked_for(self, name: str) -> set[str]:
        """What of a layer others of this level read: "" for itself, and layers in it."""
        mentioned = references([dict(options) for options in self.layers.values()])
        inner = {text.partition("/")[2] for text in mentioned if text.startswith(f"{name}/")}
        for options in self.layers.values():
            if options.get("class") == "rec_last_output" and options.get("rec_layer") == name:
                inner.add(options["sub_layer_name"])
        is_read = name in mentioned or any(f"base:{name}" in text for text in mentioned)
        return inner | ({""} if is_read or self.is_output(name) or not inner else set())

    def is_output(self, name: str) -> bool:
        """Whether it is an output of the network."""
        return self.parent is None and (name == "output" or bool(self.layers[name].get("is_output_layer")))
