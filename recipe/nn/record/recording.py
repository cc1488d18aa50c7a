"""Recording: what calling a model once leaves behind, ordered in bodies (the network itself, and one per loop)."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy

from ..language.naming import ModuleNames
from ..plain.delayed import Delayed, delayed_or, is_delayed
from ..plain.errors import NetworkError, SourceLine, user_source_line
from ..plain.number import is_number
from .parameter import Parameter
from .tensor import Tensor

if TYPE_CHECKING:
    from ..language.branch import Branch
    from ..language.module import Module
    from ..language.state import StateLeaf
    from ..ops.choice import BeamSearch
    from ..ops.inputs import ExternData, ExternDataOp, ParameterOp
    from .loop_op import LoopOp
    from .op import Op


_MOST_CALLS = 100


class Loss(NamedTuple):
    """A tensor marked as loss: its name in the scores, its factor, and whether it is only reported."""

    tensor: Tensor
    name: str
    scale: float | Delayed
    as_error: bool


class Body:
    """
    The ops of one level: the network itself, what a loop does in each step, or a branch while it is recorded.

    :param recording: the recording it belongs to
    :param parent: the body around it, None for the network itself
    :param loop: the loop whose steps it is, None for the network itself
    :param branch: the branch that it is, if it is one
    """

    def __init__(
        self, recording: Recording, parent: Body | None, *, loop: LoopOp | None = None, branch: Branch | None = None
    ):
        self.recording = recording
        self.parent = parent
        self.branch = branch
        self.loop: LoopOp | None = parent.loop if branch is not None and parent is not None else loop
        """The innermost loop around its ops."""
        self.ops: list[Op] = []
        self.values: dict[StateLeaf, Tensor] = {}
        self.closed = False

    not_pickled = ("recording", "values", "branch")

    def finish(self) -> None:
        """Ends the recording for all its ops, and those of loops in it."""
        for op in self.ops:
            op.finish()
            steps = getattr(op, "body_of_steps", None)
            if steps is not None:
                steps.finish()

    def is_inside(self, other: Body) -> bool:
        """Whether this body is ``other`` or somewhere within it."""
        body: Body | None = self
        while body is not None:
            if body is other:
                return True
            body = body.parent
        return False

    @property
    def body_of_steps(self) -> Body:
        """Itself, or for a branch the body around it that is none."""
        return self if self.branch is None or self.parent is None else self.parent.body_of_steps


class Recording:
    """
    The record of one call of a model.

    :param root: the model, whose attributes name the parameters; None to name top-level modules by their class
    :param extern_data: the declared inputs by name
    :param search: how choices search that do not say it themselves
    """

    def __init__(self, root: Module | None, extern_data: dict[str, ExternData], search: BeamSearch | None = None):
        self.extern_data = dict(extern_data)
        self.search = search
        self.names = ModuleNames(root)
        self.root_body = Body(self, None)
        self.body = self.root_body
        self.module_calls: list[Module] = []
        self._call_numbers: list[int] = []
        self._call_count = 0
        self.losses: list[Loss] = []
        self.outputs: list[tuple[str, Tensor]] = []
        self.of_branch: dict[Tensor, Branch] = {}
        """The values of branches that are over, which the code around may not read as they are."""
        self.exempt: set[Tensor] = set()
        """Values made for a branch, not in it."""
        self.warned_states: set[Tensor] = set()
        """Parts of states that are the same in each step, which was told."""
        self.replaced: Op | None = None
        """What the ops of a pass stand for; they have its module and its line."""
        self.random_draws = 0
        """How many ops draw random numbers, so that each draws its own."""
        self._reads_all = False
        self._parameters: dict[Parameter, ParameterOp] = {}
        self._inputs: dict[str, ExternDataOp] = {}

    def module_path(self, module: Module) -> str:
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
    def calling(self, module: Module) -> Iterator[None]:
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
        self.module_calls.append(module)
        self._call_numbers.append(self._call_count)
        try:
            yield
        finally:
            self.module_calls.pop()
            self._call_numbers.pop()

    def parameter(self, parameter: Parameter) -> Tensor:
        """The tensor that stands for a parameter, the same at each use."""
        from ..ops.inputs import ParameterOp

        if parameter not in self._parameters:
            with self.at(self.root_body):
                self._parameters[parameter] = ParameterOp(parameter)
        return self._parameters[parameter].output

    def input(self, data: ExternData) -> Tensor:
        """The tensor that stands for an input of the network, the same at each use."""
        from ..ops.inputs import ExternDataOp

        if data.name not in self._inputs:
            with self.at(self.root_body):
                self._inputs[data.name] = op = ExternDataOp(data)
            # to the front: what was recorded before, such as zeros with a batch dim, needs to know the batch
            self.root_body.ops.remove(op)
            self.root_body.ops.insert(0, op)
        return self._inputs[data.name].output

    def read(self, tensor: Tensor, reader: Op) -> Tensor:
        """
        The tensor, if the reader may use it where it stands.

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
        scale = delayed_or(scale, f"the scale of loss {unique!r}", is_number, "a number")
        self.losses.append(Loss(tensor, unique, scale, as_error))

    def complete_losses(self) -> None:
        """Gives losses with lengths a batch dim: the lengths are per sequence, so are the frames that they count."""
        from ..ops.elementwise import expand
        from ..plain.dim import batch_dim

        for index, loss in enumerate(self.losses):
            dims = loss.tensor.dims
            if batch_dim not in dims and any(dim.is_dynamic for dim in dims):
                self.losses[index] = loss._replace(tensor=expand(loss.tensor, [batch_dim]))

    def add_output(self, tensor: Tensor, name: str | None, source: SourceLine | None = None) -> None:
        """
        Notes an output.

        :param name: default: ``output``
        :param source: the line that it comes from, default: this one
        """
        name = "output" if name is None else name
        if not isinstance(name, str) or not name:
            raise NetworkError(f"the name of an output is a text, not {name!r}")
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

    def close_body(self, body: Body) -> None:
        """Ends a loop body: losses in it are stacked into the body around, forgotten states are told."""
        assert body.loop is not None
        for index, loss in enumerate(self.losses):
            if loss.tensor.op.body is body:
                self.losses[index] = loss._replace(tensor=body.loop.stack(loss.tensor))
        body.closed = True

    def sum_losses(self, loop: LoopOp) -> None:
        """
        Sums the losses of a loop inside of another one over its steps: they leave the one around together with others.

        All axes but the first with lengths are summed in any case, see :class:`recipe.nn.NumpyRun`.
        """
        from ..ops.reduce import reduce_sum

        for index, loss in enumerate(self.losses):
            if loss.tensor.op in loop.results:
                axes = [dim for dim in loss.tensor.dims if dim is loop.get_axis() or dim.is_dynamic]
                self.losses[index] = loss._replace(tensor=reduce_sum(loss.tensor, axes))


_current = threading.local()


def current_recording() -> Recording:
    """
    The recording under way.

    :raises NetworkError: outside of ``nn.Network(...)``
    """
    recording = getattr(_current, "recording", None)
    if recording is None:
        raise NetworkError(
            "tensors exist only while a network is being recorded: put this into a function or a Module's forward and "
            "pass that to nn.Network(...)"
        )
    return recording


def is_recording() -> bool:
    """Whether a network is being recorded."""
    return getattr(_current, "recording", None) is not None


@contextlib.contextmanager
def record(recording: Recording) -> Iterator[Recording]:
    """
    Makes it the recording under way.

    :raises NetworkError: if another one is under way
    """
    if is_recording():
        raise NetworkError("a network is being recorded already; nn.Network(...) cannot be used inside of a model")
    _current.recording = recording
    try:
        yield recording
    finally:
        _current.recording = None


def as_tensor(value: Any, *, dtype: str | None = None) -> Tensor:
    """
    A tensor for what may stand for one: tensors, parameters, states that hold a tensor, numbers.

    :raises NetworkError: for anything else
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Parameter):
        return current_recording().parameter(value)
    from ..language.state import State
    from ..ops.constants import constant
    from ..ops.not_a_tensor import not_a_tensor

    if isinstance(value, State):
        return as_tensor(value.get(), dtype=dtype)
    if isinstance(value, (bool, int, float)) or is_delayed(value):
        return constant(value, dtype=dtype)
    if isinstance(value, (numpy.generic, numpy.ndarray)) and value.shape == () and value.dtype.kind in "biuf":
        return constant(value[()], dtype=dtype)  # type: ignore[index]
    raise not_a_tensor(value)
