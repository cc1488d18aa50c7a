"""
The canonical form of a network: what its hash is taken of. ``docs/canonical_form.md`` describes the format.

It is plain data, written as JSON with sorted keys. It is built from the layers that outputs and losses depend on, in
the order in which they are reached from them. Layers and dims are numbered in that order and have no names; only
parameters, inputs, outputs and losses are named.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any, NamedTuple

import numpy

from ..ops.constants import Constant
from ..plain.delayed import Delayed
from ..plain.dim import Dim, batch_dim, single_step_dim
from ..plain.errors import NetworkError
from ..plain.formula import Formula
from ..plain.number import plain_number
from ..program.program import Program
from ..record.form import Form, FormPart, InputForm
from ..record.graph import Op, Tensor
from .forms_of_ops import FormsOfOps

FORMAT = 2
"""Version of the format. Another number gives every network another hash."""

_EXACT = 2**53
"""From here on not every whole number is a float64."""


class CanonicalForm(NamedTuple):
    """
    The canonical form of a network, and what readers want beside it.

    :ivar form: what is hashed, plain data
    :ivar names: names of its layers and dims by their numbers, with the user's lines; not hashed
    :ivar delayed: the values in it that jobs give later
    :ivar digest: SHA-256 of the form's text, in hex
    """

    form: dict[str, Any]
    names: dict[str, list[Any]]
    delayed: tuple[Delayed, ...]
    digest: str


def canonical_json(form: dict[str, Any]) -> str:
    """The text of a form that is hashed."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical_form(program: Program) -> CanonicalForm:
    """The canonical form; equal for equal computations with equal parameter names."""
    return _Builder(program).build()


class _Builder:
    """Numbers the forms of a program in the order in which they are reached from its losses and outputs."""

    def __init__(self, program: Program):
        self.program = program
        self.forms = FormsOfOps(program)
        self.numbers: dict[Form, int] = {}
        self.reached: list[Form] = []
        self.dims: dict[Dim, int] = {}
        self.dim_entries: list[Any] = []
        self.delayed: dict[int, Delayed] = {}

    def build(self) -> CanonicalForm:
        """The form of the whole program."""
        program = self.program
        losses = {
            loss.name: {
                "from": self.value(loss.tensor),
                **({"as_error": True} if loss.as_error else {"scale": self.value(loss.scale)}),
            }
            for loss in sorted(program.losses, key=lambda loss: loss.name)
        }
        outputs = {name: self.value(tensor) for name, tensor in sorted(program.outputs, key=lambda o: o[0])}
        layers: list[Any] = []
        self.add_entries(layers)
        for dim, x in self.lengths_of_constants():
            if not self.is_reached(x):
                self.dim_entries[self.dims[dim]]["of"] = self.value(x)
                self.add_entries(layers)
        form = {
            "format": FORMAT,
            "losses": losses,
            "outputs": outputs,
            "inputs": {name: self.input(data) for name, data in sorted(program.extern_data.items())},
            "layers": layers,
            "dims": self.dim_entries,
        }
        names: dict[str, list[Any]] = {
            "layers": [list(self.forms.described[one]) for one in self.reached],
            "dims": [dim.name for dim in self.dims],
        }
        digest = hashlib.sha256(canonical_json(form).encode()).hexdigest()
        return CanonicalForm(form, names, tuple(self.delayed.values()), digest)

    def add_entries(self, layers: list[Any]) -> None:
        """The entries of the forms that were reached since."""
        while len(layers) < len(self.reached):
            layers.append(self.entry(self.reached[len(layers)]))

    def lengths_of_constants(self) -> list[tuple[Dim, Tensor]]:
        """The axes of constants that were reached, in that order, each with what makes it."""
        constants = [op for op in self.program.needed if isinstance(op, Constant) and op.inputs]
        made = {dim: x for op in constants for dim in op.dims for x in op.inputs if dim in x.dims}
        return [(dim, made[dim]) for dim in self.dims if dim in made]

    def is_reached(self, x: Tensor) -> bool:
        """Whether the form of a tensor is there already: an input of the network, or one that was reached."""
        form = self.forms.of(x)
        if isinstance(form, FormPart):
            form = form.of
        return not isinstance(form, Form) or self.forms.shared(form) in self.numbers

    def entry(self, form: Form) -> dict[str, Any]:
        """The entry of a form."""
        options = {"class": form.kind, **form.options}
        entry = {key: self.value(options[key]) for key in sorted(options) if options[key] is not None}
        if form.kind == "constant":
            entry["value"] = self.value(_in_dtype(options["value"], options["dtype"]))
        return entry

    def number(self, form: Form) -> int:
        """The number of a form; one that is reached for the first time gets its entry later."""
        if form not in self.numbers:
            self.numbers[form] = len(self.reached)
            self.reached.append(form)
        return self.numbers[form]

    def input(self, data: Any) -> dict[str, Any]:
        """The entry of an input."""
        entry = {"dims": self.value(data.dims), "dtype": data.dtype}
        return entry if data.sparse_dim is None else {**entry, "sparse_dim": self.value(data.sparse_dim)}

    def value(self, value: Any) -> Any:
        """An option as plain data."""
        if value is None or isinstance(value, (bool, str)):
            return value
        if isinstance(value, (Tensor, Op)):
            return self.value(self.forms.of(value))
        if isinstance(value, Form):
            return {"layer": self.number(self.forms.shared(value))}
        if isinstance(value, FormPart):
            return {"layer": self.number(value.of), "part": value.name}
        if isinstance(value, InputForm):
            return {"input": value.name}
        if isinstance(value, Dim):
            return {"dim": self.dim(value)}
        if isinstance(value, Delayed):
            self.delayed.setdefault(id(value), value)
            return {"delayed": value.origin}
        if isinstance(value, Formula):
            return {"formula": value.template, "values": [self.value(item) for item in value.values]}
        if isinstance(value, dict):
            items = {f"dim {self.dim(key)}" if isinstance(key, Dim) else str(key): value[key] for key in value}
            return {key: self.value(items[key]) for key in sorted(items)}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return _number(value)

    def dim(self, dim: Dim) -> Any:
        """The number of a dim."""
        if dim in (batch_dim, single_step_dim):
            return dim.name
        if dim not in self.dims:
            self.dims[dim] = number = len(self.dim_entries)
            self.dim_entries.append(None)
            size = dim.known_size if dim.known_size is not None or dim.is_dynamic else self.delayed_size(dim)
            self.dim_entries[number] = {"size": size}
            if dim.has_labels:
                delayed = dim.delayed_labels
                self.dim_entries[number]["labels"] = self.value(dim.labels if delayed is None else delayed)
        return self.dims[dim]

    def delayed_size(self, dim: Dim) -> Any:
        """The size of a dim that waits for a job: that job, or how it is computed from other dims."""
        if dim.delayed_size is not None:
            return self.value(dim.delayed_size)
        whole, divisor = dim.quotient
        if whole is not None:
            return {"dim": self.dim(whole), "divided_by": self.value(divisor)}
        if dim.factors:
            return {"product": sorted(self.dim(factor) for factor in dim.factors)}
        parts = dim.terms or {dim.same_size_as: 1}
        terms = [[count, None if base is None else self.dim(base)] for base, count in parts.items()]
        return {"sum": sorted(terms, key=lambda term: -1 if term[1] is None else term[1])}


def _number(value: Any) -> Any:
    """A number; equal numbers are equal, whatever type they are of."""
    value = plain_number(value)
    if isinstance(value, (bool, int)):
        return value
    if not isinstance(value, float):
        raise NetworkError(f"an option of a layer cannot be hashed: {value!r} ({type(value).__name__})")
    if not math.isfinite(value) or (value == 0 and math.copysign(1, value) < 0):
        return {"float": repr(value)}
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def _in_dtype(value: Any, dtype: str) -> Any:
    """A constant, as its dtype holds it: of float32 the shortest decimal that is this float32."""
    if isinstance(value, Delayed) or not dtype.startswith("float") or dtype == "float64":
        return value
    return plain_number(numpy.dtype(dtype).type(value))
