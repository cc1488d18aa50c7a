"""State: a value that a loop carries from one step to the next, as a Python variable would."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .dim import DimLike, dims_text, ordered_dims
from .errors import NetworkError, SourceLine, user_source_line
from .recording import Recording, as_tensor, current_recording
from .structure import flatten, map_structure, structure_text
from .tensor import Tensor

if TYPE_CHECKING:
    from .recording import Body


class StateLeaf:
    """
    One tensor of a state.

    :param name: how the written config calls it
    :param initial: its value before any assignment; None if it was not given (rule L8)
    """

    def __init__(self, name: str, initial: Tensor | None):
        self.name = name
        self.initial = initial

    def read(self, body: Body) -> Tensor:
        """The value at this point of a body; in a loop, first of all the value of the step before."""
        if self not in body.values:
            if body.branch is not None and body.parent is not None:
                return self.read(body.parent)
            if body.parent is None:
                if self.initial is None:
                    raise NetworkError(f"state {self.name!r} is read, but was never assigned")
                body.values[self] = self.initial
            else:
                assert body.loop is not None
                outside = self.read(body.parent) if self.is_known(body.parent) else None
                body.values[self] = body.loop.carry(self, outside)
        return body.values[self]

    def assign(self, body: Body, value: Tensor) -> None:
        """Gives it a new value from this point of a body on."""
        if body.parent is not None and self.is_known(body):
            self.read(body)
        body.values[self] = value

    def is_known(self, body: Body | None) -> bool:
        """Whether it has a value at this point of the body, its own or from around."""
        while body is not None:
            if self in body.values:
                return True
            body = body.parent
        return self.initial is not None


class State:
    """
    A variable that loops carry on: a tensor, or a nested structure of tensors.

    Reading it in a loop before it is assigned there gives the value of the step before; after the loop it is the value
    of each sequence's last step. It can be held by a module, be put into ``loop.state``, or stand alone.

    :param shape: dims of the value; a set is ordered batch, lengths, features
    :param initial: what it starts with: a number or a tensor or a nested structure of tensors
    :param dtype: of the value, where a number is given
    :param name: how the written config calls it
    """

    def __init__(
        self,
        shape: Iterable[DimLike] | None = None,
        initial: Any = None,
        *,
        dtype: str | None = None,
        name: str | None = None,
    ):
        self.dims = ordered_dims(shape) if shape is not None else None
        self.initial = initial if initial is not None or shape is None else 0
        self.dtype = dtype
        self.name = name
        self._recordings: dict[Recording, _Leaves] = {}

    def get(self) -> Any:
        """The value at this point."""
        recording = current_recording()
        leaves = self._leaves(recording)
        return map_structure(lambda path, leaf: leaf.read(recording.body), leaves.structure)

    def assign(self, value: Any) -> None:
        """
        Gives it a new value from here on. Outside of loops before any loop reads it: its initial value.

        :raises NetworkError: if the structure, the dims or the dtype are others than before
        """
        recording = current_recording()
        value = map_structure(lambda path, leaf: recording.seen_from_here(as_tensor(leaf)), value)
        if recording not in self._recordings and self.initial is None and self.dims is None:
            self._recordings[recording] = self._declare(value, inside=recording.body.parent is not None)
        leaves = self._leaves(recording)
        given = dict(flatten(value))
        if given.keys() != dict(flatten(leaves.structure)).keys():
            raise NetworkError(
                f"state {leaves.name!r} holds {structure_text(leaves.structure)}, "
                f"but {structure_text(value)} is assigned to it"
            )
        source = user_source_line()
        for path, leaf in flatten(leaves.structure):
            if leaf.is_known(recording.body):
                check_assignable(leaf, leaf.read(recording.body), given[path], source)
            leaf.assign(recording.body, given[path])

    def _leaves(self, recording: Recording) -> _Leaves:
        if recording not in self._recordings:
            if self.initial is None:
                self._recordings[recording] = self._declare(None, inside=True)
            else:
                with recording.at(recording.root_body):
                    self._recordings[recording] = self._declare(self._initial_value(), inside=False)
        return self._recordings[recording]

    def _initial_value(self) -> Any:
        from .ops.constants import constant

        if isinstance(self.initial, (bool, int, float)) and self.dims is not None:
            default = "float32" if self.dims else None
            return constant(self.initial, self.dims, dtype=self.dtype or default)
        return map_structure(lambda path, leaf: as_tensor(leaf), self.initial)

    def _declare(self, value: Any, inside: bool) -> _Leaves:
        name = self.name or current_recording().names.state(self) or "state"
        structure = map_structure(
            lambda path, leaf: StateLeaf(f"{name}_{path}".rstrip("_").replace("/", "_"), None if inside else leaf),
            value,
        )
        return _Leaves(name, structure)

    def __deepcopy__(self, memo: dict) -> State:
        return self

    def __getstate__(self) -> dict:
        return {**vars(self), "_recordings": {}}


class _Leaves:
    def __init__(self, name: str, structure: Any):
        self.name = name
        self.structure = structure


def check_assignable(leaf: StateLeaf, before: Tensor, value: Tensor, source: SourceLine) -> None:
    """
    :raises NetworkError: if the new value differs from the one before in its dims, its dtype or what its labels are
    """
    if before.known_dims is None or value.known_dims is None:
        return
    if set(before.dims) != set(value.dims):
        raise NetworkError(
            f"state {leaf.name!r} has the dims {dims_text(before.dims)} (from {before}), but what is assigned has "
            f"{dims_text(value.dims)}: {value}. A state keeps its dims; give the initial value the dims of the new one",
            source,
        )
    if before.dtype != value.dtype:
        raise NetworkError(
            f"state {leaf.name!r} is {before.dtype} (from {before}), but {value} is {value.dtype}. "
            f"Use nn.cast(value, {before.dtype!r}) or give the initial value the other type",
            source,
        )
    if before.sparse_dim is not None and value.sparse_dim is not None and before.sparse_dim is not value.sparse_dim:
        raise NetworkError(
            f"state {leaf.name!r} holds labels of {before.sparse_dim}, but {value} are labels of {value.sparse_dim}",
            source,
        )


class LoopStates:
    """
    ``loop.state``: states by attribute name.

    Assigning before the loop body gives the initial value, reading and assigning in the body is reading and assigning
    the variable, and after the loop reading gives the value of the last step.
    """

    _states: dict[str, State]

    def __init__(self) -> None:
        object.__setattr__(self, "_states", {})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in self._states:
            if current_recording().body.parent is None:
                raise NetworkError(f"loop.state.{name} is read before it was assigned; there is {sorted(self._states)}")
            self._states[name] = State(name=name)
        return self._states[name].get()

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, State):
            value.name = value.name or name
            self._states[name] = value
            return
        self._states.setdefault(name, State(name=name)).assign(value)

    def __contains__(self, name: str) -> bool:
        return name in self._states

    def names(self) -> tuple[str, ...]:
        """The names of all states so far."""
        return tuple(self._states)
