"""State: a value that a loop carries from one step to the next, as a Python variable would."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from ..ops.as_tensor import as_tensor
from ..ops.constants import constant
from ..plain.dim import DimLike
from ..plain.dims import dims_text, ordered_dims
from ..plain.errors import MissingAttributeError, NetworkError, did_you_mean, user_source_line, warn
from ..plain.familiar_members import no_attribute
from ..plain.familiar_results import OF_STATES
from ..plain.structure import flatten, map_structure, part_names, structure_text
from ..record.graph import Body, Recorder, Tensor
from ..record.loops import LoopOp
from ..record.operators import Arithmetic, Comparisons, ComputedLater
from ..record.parameter import Parameter
from ..record.recording import Recording, current_recording
from ..record.state_leaf import StateLeaf
from .assignable import check_assignable


class State(Arithmetic[Tensor], Comparisons[Tensor], ComputedLater):
    """
    A variable that loops carry on: a tensor, or a nested structure of tensors.

    Reading it in a loop before it is assigned there gives the value of the step before; after the loop it is the value
    of each sequence's last step. It can be held by a module, be put into ``loop.state``, or stand alone. Ops and
    operators take one that holds a tensor for its value at this point: ``t + 1`` is ``t.get() + 1``.

    :param shape: dims of the value; a set is ordered batch, lengths, features. Or the initial value itself, as in
        ``State(cell.initial_state())``
    :param initial: what it starts with: a number or a tensor or a nested structure of tensors; default, with a shape: 0
    :param dtype: of the value, where a number is given
    :param name: how the written config calls it
    """

    def __init__(
        self,
        shape: Iterable[DimLike] | Any = None,
        initial: Any = None,
        *,
        dtype: str | None = None,
        name: str | None = None,
    ):
        if initial is None and any(isinstance(leaf, (Tensor, Parameter)) for _, leaf in flatten(shape)):
            shape, initial = None, shape
        self.dims = ordered_dims(shape) if shape is not None else None
        self.initial = initial if initial is not None or shape is None else 0
        self.dtype = dtype
        self.name = name
        self._recordings: dict[Recorder, _Leaves] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in ("dims", "initial", "dtype", "name", "_recordings"):
            raise NetworkError(
                f"a State has no parts to set: it would not see .{name} = ... "
                f"Write loop.state.{name} = ... for a state of that name, or assign the whole value: state.assign(...)"
            )
        super().__setattr__(name, value)

    def get(self) -> Any:
        """The value at this point."""
        recording = current_recording()
        leaves = self._leaves(recording)
        return map_structure(lambda path, leaf: leaf.read(recording.body), leaves.structure)

    def __as_tensor__(self) -> Any:
        return self.get()

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_STATES)

    def __call__(self, *args: Any) -> NoReturn:
        raise NetworkError("a State is not called: state.get() is its value, state.assign(value) gives it another one")

    def assign(self, value: Any) -> None:
        """
        Gives it a new value from here on. Outside of loops before any loop reads it: its initial value.

        :raises NetworkError: if the structure, the dims or the dtype are others than before
        """
        recording = current_recording()
        value = map_structure(lambda path, leaf: recording.read(as_tensor(leaf)), value)
        if recording not in self._recordings and self.initial is None and self.dims is None:
            self._recordings[recording] = self._declare(value, inside=recording.body.parent is not None)
        leaves = self._leaves(recording)
        given = dict(flatten(value))
        if given.keys() != dict(flatten(leaves.structure)).keys():
            raise NetworkError(
                f"state {leaves.name!r} holds {structure_text(leaves.structure)}, but {structure_text(value)} is "
                "assigned to it. A state keeps its parts: assign them all, in the structure of the initial value"
            )
        source = user_source_line()
        for path, leaf in flatten(leaves.structure):
            if leaf.is_known(recording.body):
                check_assignable(leaf, leaf.read(recording.body), given[path], source)
            leaf.assign(recording.body, given[path])

    def read_around(self, body: Body, value: Any = None) -> None:
        """
        Makes it a variable of a loop around where it has no value yet, so that loops inside start with that one.

        :param body: of that loop
        :param value: what will be assigned to it, if nothing was before
        """
        recording = current_recording()
        if recording not in self._recordings and value is not None and self.initial is None and self.dims is None:
            self._recordings[recording] = self._declare(value, inside=True)
        for _, leaf in flatten(self._leaves(recording).structure):
            if not leaf.is_known(recording.body):
                leaf.read(body)

    def declared(self, recording: Recorder) -> _Leaves | None:
        """Its leaves, if it was assigned or read in this recording."""
        return self._recordings.get(recording)

    def declare(self, recording: Recording, initial: Any) -> None:
        """Gives it an initial value, instead of what it has."""
        self._recordings[recording] = leaves = self._declare(initial, inside=False)
        for _, leaf in flatten(leaves.structure):
            body = leaf.initial.op.body.body_of_steps
            if body is not recording.root_body:
                # a value of a loop, so the state is a variable of the steps of that loop
                body.values[leaf], leaf.initial = leaf.initial, None

    def _leaves(self, recording: Recording) -> _Leaves:
        if recording not in self._recordings:
            if self.initial is None:
                self._recordings[recording] = self._declare(None, inside=True)
            else:
                with recording.at(recording.root_body):
                    self.declare(recording, self._initial_value())
        return self._recordings[recording]

    def _initial_value(self) -> Any:
        if isinstance(self.initial, (bool, int, float)) and self.dims is not None:
            default = "float32" if self.dims and not isinstance(self.initial, bool) else None
            return constant(self.initial, self.dims, dtype=self.dtype or default)
        value = map_structure(lambda path, leaf: as_tensor(leaf), self.initial)
        for _, leaf in flatten(value):
            if self.dims is not None and set(leaf.dims) != set(self.dims):
                raise NetworkError(f"{self!r} was declared as {dims_text(self.dims)}, but its initial value is {leaf}")
            if self.dtype is not None and leaf.dtype != self.dtype:
                raise NetworkError(
                    f"{self!r} was declared as {self.dtype}, but its initial value {leaf} is {leaf.dtype}"
                )
        return value

    def _declare(self, value: Any, inside: bool) -> _Leaves:
        name = self.name or current_recording().names.state(self) or "state"
        labels = dict(part_names(value, name)) if value is not None else {"": name}

        def leaf_of(path: str, value: Tensor | None) -> StateLeaf:
            leaf_name = f"{name}_{path}".rstrip("_").replace("/", "_")
            return StateLeaf(leaf_name, None if inside else value, repr(labels[path]), self)

        structure = map_structure(leaf_of, value) if value is not None else leaf_of("", value)
        return _Leaves(name, structure)

    def __repr__(self) -> str:
        return f"State {self.name!r}" if self.name is not None else "State"

    def __getstate__(self) -> dict:
        return {**vars(self), "_recordings": {}}


class _Leaves:
    def __init__(self, name: str, structure: Any):
        self.name = name
        self.structure = structure
        self.source = user_source_line()


class LoopStates:
    """
    ``loop.state``: states by attribute name.

    Assigning before the loop body gives the initial value, reading and assigning in the body is reading and assigning
    the variable, and after the loop reading gives the value of the last step.

    :param op: gives the loop, once it is there
    """

    _states: dict[str, State]
    _op: Callable[[], LoopOp | None]
    _body: Body

    def __init__(self, op: Callable[[], LoopOp | None]):
        object.__setattr__(self, "_states", {})
        object.__setattr__(self, "_op", op)
        object.__setattr__(self, "_body", current_recording().body)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._states:
            if current_recording().body.parent is None:
                raise MissingAttributeError(
                    f"loop.state.{name} is read before it was assigned; there is {sorted(self._states)}."
                    f"{did_you_mean(name, self._states) or ' A state of several parts is assigned as a whole'}"
                )
            self._states[name] = State(name=name)
        self._read_around(name)
        value = self._states[name].get()
        self._note_begin(name)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, State):
            value.name = value.name or name
            self._states[name] = value
            return
        if value is None:
            raise NetworkError(f"loop.state.{name} is a tensor, or a structure of tensors, not None")
        self._states.setdefault(name, State(name=name))
        self._read_around(name, value)
        self._states[name].assign(value)
        self._note_begin(name)

    def _note_begin(self, name: str) -> None:
        """Notes of a state that was not made elsewhere that it is a variable from where the loop is made on."""
        state = self._states[name]
        declared = state.declared(current_recording())
        if declared is None or state.initial is not None or state.dims is not None:
            return
        for _, leaf in flatten(declared.structure):
            leaf.begun_in = leaf.begun_in or self._body

    def _read_around(self, name: str, value: Any = None) -> None:
        """In a loop inside of this one it is a state of this one first."""
        op, body = self._op(), current_recording().body
        if op is not None and not op.body_of_steps.closed and body.loop is not op and body.is_inside(op.body_of_steps):
            self._states[name].read_around(op.body_of_steps, value)

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError("states are attributes: loop.state.NAME, and loop.state.NAME = value, not loop.state(...)")

    def __instead_of_tensor__(self) -> str:
        return f"loop.state itself. Its states are loop.state.NAME, there is {sorted(self.names())}"

    def __delattr__(self, name: str) -> None:
        raise NetworkError(f"loop.state.{name} cannot be deleted: what a loop carries on is carried on in all steps")

    def __getitem__(self, name: Any) -> Any:
        raise NetworkError(f"states are attributes: loop.state.{name}, not loop.state[{name!r}]")

    def __setitem__(self, name: Any, value: Any) -> None:
        raise NetworkError(f"states are attributes: loop.state.{name} = ..., not loop.state[{name!r}] = ...")

    def warn_of_misspelled(self, loop: LoopOp) -> None:
        """Tells of a state that the loop does not use, while one with a name alike starts without initial value."""
        declared = {name: state.declared(loop.body.recording) for name, state in self._states.items()}
        leaves = {name: [leaf for _, leaf in flatten(of.structure)] for name, of in declared.items() if of is not None}
        without_initial = [name for name, of in leaves.items() if of and all(leaf.initial is None for leaf in of)]
        for name, of in leaves.items():
            hint = did_you_mean(name, without_initial)
            if hint and name not in without_initial and not any(leaf in loop.previous for leaf in of):
                source = declared[name].source  # type: ignore[union-attr]
                warn(
                    f"loop.state.{name} has an initial value, but the loop neither reads nor assigns it.{hint} "
                    "That one starts at zero",
                    source,
                )

    def __contains__(self, name: str) -> bool:
        return name in self._states

    def names(self) -> tuple[str, ...]:
        """The names of all states so far."""
        return tuple(self._states)
