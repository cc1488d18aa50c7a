"""Recording: what calling a model once leaves behind, ordered in bodies (the network itself, and one per loop)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, cast

from ..plain.beam_search import BeamSearch
from ..plain.delayed import Delayed, delayed_or
from ..plain.dim import Dim
from ..plain.errors import NetworkError, SourceLine, user_source_line
from ..plain.extern_data import ExternData
from ..plain.layer_names import check_result_name
from ..plain.number import is_number
from .branching import Branching
from .graph import Body, Op, Recorder, Tensor, current_recorder
from .parameter import Parameter
from .recorder import begin, end, is_recording

_MOST_CALLS = 100


class Names(Protocol):
    """What says the names of modules and parameters: the paths of attributes that lead to them."""

    def add(self, module: Any, caller: Any, call_number: int = 0) -> None:
        """Names a module at its call, with all that it has."""

    def path(self, module: Any) -> str:
        """The path of a module that was called."""

    def path_if_known(self, module: Any) -> str | None:
        """The same; None if its forward is called without the module."""

    def parameter(self, parameter: Parameter, source: SourceLine | None = None) -> str:
        """The name of a parameter."""

    def has_parameter(self, parameter: Parameter) -> bool:
        """Whether :meth:`parameter` has a name for it."""

    def state(self, state: Any) -> str | None:
        """The attribute name of a State that a module holds, else None."""


class Loss(NamedTuple):
    """A tensor marked as loss: its name in the scores, its factor, and whether it is only reported."""

    tensor: Tensor
    name: str
    scale: float | Delayed
    as_error: bool


class Recording(Recorder):
    """
    The record of one call of a model.

    :param names: says the names of modules and parameters
    :param extern_data: the declared inputs by name
    :param search: how choices search that do not say it themselves
    """

    def __init__(self, names: Names, extern_data: dict[str, ExternData], search: BeamSearch | None = None):
        self.extern_data = dict(extern_data)
        self.search = search
        self.names: Names = names
        self.root_body = Body(self, None)
        self.body = self.root_body
        self.module_calls: tuple[Any, ...] = ()
        self._call_numbers: list[int] = []
        self._call_count = 0
        self.losses: list[Loss] = []
        self.loss_lines: dict[str, SourceLine] = {}
        """Where losses are marked, by name."""
        self.outputs: list[tuple[str, Tensor]] = []
        self.blocks: dict[object, tuple[str, SourceLine]] = {}
        """What was made for `with`, which was not written yet: the code that made it, and its line."""
        self.of_branch: dict[Tensor, Branching] = {}
        """The values of branches that are over, which the code around may not read as they are."""
        self.exempt: set[Tensor] = set()
        """Values made for a branch, not in it."""
        self.warned_states: set[Tensor] = set()
        """Parts of states that are the same in each step, which was told."""
        self.replaced: Op | None = None
        """What the ops of a pass stand for; they have its module and its line."""
        self.with_lengths: dict[Dim, list[Tensor]] = {}
        """What makes each axis with lengths, in the order in which it was recorded."""
        self.random_draws = 0
        """How many ops draw random numbers, so that each draws its own."""
        self._reads_all = False
        self.parameters: dict[Parameter, Tensor] = {}
        """The tensors that stand for parameters."""
        self.inputs: dict[str, Tensor] = {}
        """The tensors that stand for inputs, by name."""

    def module_path(self, module: Any) -> str:
        """The path of a module, as in the names of its parameters."""
        return self.names.path(module)

    @contextlib.contextmanager
    def at(self, body: Body) -> Iterator[None]:
        """Records into another body for a while."""
        before = self.body
        self.body = body
        try:
            yield
        finally:
            self.body = before

    @contextlib.contextmanager
    def replacing(self, op: Op) -> Iterator[None]:
        """Gives the ops that are recorded meanwhile the module and the line of another one, which they stand for."""
        before, self.replaced = self.replaced, op
        try:
            yield
        finally:
            self.replaced = before

    @contextlib.contextmanager
    def reading_all(self) -> Iterator[None]:
        """Lets ops read the values of branches that are over, for a while."""
        before, self._reads_all = self._reads_all, True
        try:
            yield
        finally:
            self._reads_all = before

    @contextlib.contextmanager
    def calling(self, module: Any) -> Iterator[None]:
        """
        Notes that ops recorded meanwhile belong to this module.

        :raises NetworkError: if modules call each other without end
        """
        if len(self.module_calls) >= _MOST_CALLS:
            name = type(module).__name__
            raise NetworkError(f"forward of {name} is called within {_MOST_CALLS} others: do modules call themselves?")
        self._call_count += 1
        if self.module_calls:
            self.names.add(module, self.module_calls[-1], self._call_numbers[-1])
        else:
            self.names.add(module, None)
        around, self.module_calls = self.module_calls, (*self.module_calls, module)
        self._call_numbers.append(self._call_count)
        try:
            yield
        finally:
            self.module_calls = around
            self._call_numbers.pop()

    def read(self, tensor: Tensor) -> Tensor:
        """
        The tensor, if it may be used here.

        :raises NetworkError: for a value of a loop that is over or not around, and for results of a loop still running
        """
        made_in = tensor.op.body
        if made_in.recording is not self:
            raise NetworkError(f"{tensor} belongs to another network: call the modules again in this one")
        if not self.body.is_inside(made_in):
            raise NetworkError(
                f"{tensor} is a value inside a loop and has one value per step, so it cannot be used outside. "
                "In the loop, write loop.stack(value) for all steps or loop.last(value) for the last one, and use that"
            )
        loop = getattr(tensor.op, "result_of", None)
        if loop is not None and self.body.is_inside(loop.body_of_steps):
            raise NetworkError(f"{tensor} is a result of the loop and exists only after it; use the value itself here")
        return self.seen_from_here(tensor)

    def seen_from_here(self, tensor: Tensor, source: SourceLine | None = None) -> Tensor:
        """
        The tensor; if it is a value of a branch that is over, what that is for the code around.

        :param source: where it is read, default: here
        """
        if tensor in self.of_branch and not self._reads_all:
            return self.seen_from_here(self.of_branch[tensor].seen_from_outside(tensor, source), source)
        return tensor

    def check_no_repeated_dims(self, op: Op) -> None:
        """
        :raises NetworkError: if a result has one dim twice, so that its axes could not be told apart; or a parameter,
            which only modules whose weights may be square read
        """
        for tensor in op.inputs:
            dims = tensor.known_dims or ()
            if tensor.op.is_parameter and not op.takes_square_weights and len(set(dims)) < len(dims):
                raise NetworkError(
                    f"{tensor} has one dim twice, so its axes cannot be told apart here. Give the other axis a Dim "
                    "of its own, of the same size: nn.Dim(size, name=...)"
                )
        for tensor in op.outputs:
            dims = tensor.known_dims or ()
            for dim in dims:
                if dims.count(dim) > 1 and not op.is_parameter:
                    raise NetworkError(
                        f"{tensor} would have the dim {dim} twice. Make a second dim for the other axis: "
                        f"nn.Dim({dim.known_size}, name=...)"
                    )

    def note_lengths(self, op: Op) -> None:
        """Notes which axes with lengths an op makes: those of its results that nothing has which it reads."""
        if not op.makes_lengths:
            return
        for tensor in op.outputs:
            for dim in tensor.known_dims or ():
                if dim.is_dynamic and not any(dim in (read.known_dims or ()) for read in op.inputs):
                    self.with_lengths.setdefault(dim, []).append(tensor)

    def await_block(self, block: object, code: str) -> None:
        """Notes that something was made that does nothing but by `with`."""
        self.blocks[block] = (code, user_source_line())

    def begin_block(self, block: object) -> None:
        """Notes that `with` of it was written."""
        self.blocks.pop(block, None)

    def check_blocks(self) -> None:
        """
        :raises NetworkError: if something was made for `with`, which was not written
        """
        for code, line in self.blocks.values():
            raise NetworkError(f"{code} alone does nothing: what belongs to it stands in `with {code}:`", line)

    def add_loss(self, tensor: Tensor, name: str | None, scale: Any, as_error: bool) -> None:
        """Notes a loss. One inside a loop becomes the loss over all steps."""
        if tensor.op.body is not self.root_body and not self.body.is_inside(tensor.op.body):
            raise NetworkError(
                f"{tensor} is a value inside a loop, which is over. Mark it as loss inside of the loop, or mark "
                "loop.stack(...) of it"
            )
        if not tensor.dtype.startswith("float"):
            raise NetworkError(f"a loss is of a float type, but {tensor} is {tensor.dtype}: nn.cast(x, 'float32')")
        if name is not None and not isinstance(name, str):
            raise NetworkError(f"the name of a loss is a text, not {name!r}. Its factor is given as scale={name!r}")
        tensor = self.seen_from_here(tensor)
        body: Body | None = self.body
        while body is not None:
            if body.branch is not None:
                tensor = body.branch.counted(tensor)
            body = body.parent
        name = name or tensor.op.name or "loss"
        taken = {loss.name for loss in self.losses}
        unique = (
            name if name not in taken else next(f"{name}_{i}" for i in range(2, 10_000) if f"{name}_{i}" not in taken)
        )
        check_result_name("a loss", unique)
        self.loss_lines[unique] = user_source_line()
        scale = delayed_or(scale, f"the scale of loss {unique!r}", is_number, "a number")
        self.losses.append(Loss(tensor, unique, scale, as_error))

    def add_output(self, tensor: Tensor, name: str | None, source: SourceLine | None = None) -> None:
        """
        Notes an output.

        :param name: default: ``output``
        :param source: the line that it comes from, default: this one
        """
        name = "output" if name is None else name
        if not isinstance(name, str) or not name:
            raise NetworkError(f"the name of an output is a text, not {name!r}")
        check_result_name("an output", name)
        tensor = self.seen_from_here(tensor, source)
        if tensor.op.body is not self.root_body:
            what = tensor.seen_from(source or user_source_line())
            raise NetworkError(
                f"{what} would be an output of the network, but is a value inside a loop and has one value per step. "
                "In the loop, write loop.stack(value) for all steps or loop.last(value) for the last one, and return "
                "that",
                source,
            )
        if name in dict(self.outputs):
            raise NetworkError(f"there already is an output called {name!r}: {dict(self.outputs)[name]}")
        self.outputs.append((name, tensor))


@contextlib.contextmanager
def record(recording: Recording) -> Iterator[Recording]:
    """
    Makes it the recording under way.

    :raises NetworkError: if another one is under way
    """
    if is_recording():
        raise NetworkError("a network is being recorded already; nn.Network(...) cannot be used inside of a model")
    begin(recording)
    try:
        yield recording
    finally:
        end()


def current_recording() -> Recording:
    """
    The recording under way.

    :raises NetworkError: outside of ``nn.Network(...)``
    """
    return cast("Recording", current_recorder())
