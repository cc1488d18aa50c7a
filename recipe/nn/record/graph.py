"""
The graph that is recorded: tensors, the ops that compute them, and bodies, in which ops stand in order.

They are one thing, so they are in one file: a tensor knows its op, an op its tensors and its body, a body its ops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import FrameType
from typing import Any, ClassVar, NoReturn

from ..plain.dim import Dim
from ..plain.dims import beams_first, dims_text
from ..plain.errors import (
    MissingAttributeError,
    NetworkError,
    SourceLine,
    did_you_mean,
    source_line,
    user_frame,
    user_source_line,
    variable_name,
)
from ..plain.familiar_names import ATTRIBUTES, instead_of
from ..plain.public_names import PUBLIC_NAMES
from .arrays import Arrays
from .axes import HasAxes
from .operators import Arithmetic, Comparisons, ComputedLater, function
from .recorder import RecorderOf, under_way


class Tensor(HasAxes, Arithmetic["Tensor"], Comparisons["Tensor"], ComputedLater):
    """
    The result of an op: a value per step and sequence, known when the network runs.

    :param op: what computes it
    :param index: which of the op's results
    """

    __slots__ = ("op", "index", "known_dims", "dtype", "sparse_dim")  # there are many

    op: Op
    index: int
    known_dims: tuple[Dim, ...] | None
    dtype: str
    sparse_dim: Dim | None

    def __init__(self, op: Op, index: int):
        _set_op(self, op)
        _set_index(self, index)
        _set_known_dims(self, None)
        _set_dtype(self, "float32")
        _set_sparse_dim(self, None)

    def _become(self, known_dims: tuple[Dim, ...] | None, dtype: str, sparse_dim: Dim | None) -> None:
        """Says what it is, once its op knows."""
        _set_known_dims(self, known_dims)
        _set_dtype(self, dtype)
        _set_sparse_dim(self, sparse_dim)

    @property
    def seq_len(self) -> Tensor:
        """The lengths along the spatial dim, one per sequence: int32 [batch]."""
        found: Tensor = function("length")(self.spatial_dim, like=self)
        return found

    def mark_as_loss(self, name: str | None = None, *, scale: float = 1.0, as_error: bool = False) -> Tensor:
        """
        Makes it a training loss.

        RETURNN minimises the sum over all frames of the batch; the scores that it reports are the mean.
        Gradient clipping and weight decay therefore act beside the sum.


        :param name: how scores are called (``dev_loss_NAME``); default: from the op
        :param scale: factor in the total loss
        :param as_error: only reported, as an error rate, and not trained on
        """
        current_recorder().add_loss(self, name, scale, as_error)
        return self

    def mark_as_output(self, name: str | None = None) -> Tensor:
        """Makes it an output of the network, under this name."""
        current_recorder().add_output(self, name)
        return self

    def __repr__(self) -> str:
        return self.seen_from(user_source_line())

    def seen_from(self, line: SourceLine) -> str:
        """How a message about a line calls it: the user's variable, what it is, its dims, and where it was made."""
        name = variable_name(self)
        where = self.op.place.seen_from(line) if self.op.place is not None else ""
        if where and name is None and self.op.place is not None:
            where = f"{where}: {self.op.place.text}"
        return f"{name + ' ' if name else ''}<{self.op.describe(self)}{', ' + where if where else ''}>"

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in _ATTRIBUTES:
            raise NetworkError(
                f"{self} has no part {name!r} that could be assigned: it would be lost. For a state of several parts "
                f"assign the whole, for example loop.state.s = {{{name!r}: value, ...}}"
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in _ATTRIBUTES:  # the latter of one that is being unpickled
            raise AttributeError(name)
        raise MissingAttributeError(f"{self} has no attribute {name!r}{_instead_of_attribute(name)}")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError(
            f"{self} is a tensor, which is not called. Modules are called: nn.Linear(dim)(x). States and loop.iter_idx "
            "are attributes, without ()"
        )

    def __deepcopy__(self, memo: dict) -> Tensor:
        return self

    def __getitem__(self, index: Any) -> Tensor:
        """``x[t]``: the frames at position ``t`` (int or int32 tensor) along the spatial dim."""
        frames: Tensor = function("gather")(self, index)
        return frames


_ATTRIBUTES = frozenset(Tensor.__slots__)

_set_op, _set_index, _set_known_dims, _set_dtype, _set_sparse_dim = (
    vars(Tensor)[name].__set__ for name in Tensor.__slots__
)


_OF_TENSORS = (
    *("dims", "dtype", "sparse_dim", "seq_len", "feature_dim", "spatial_dim"),
    *("mark_as_loss", "mark_as_output"),
)
"""What a tensor has, for those who misspell it."""


def _instead_of_attribute(name: str) -> str:
    known = instead_of(name, ATTRIBUTES)
    if known is None:
        known = next((f"nn.{public}(x)" for public in (name, f"reduce_{name}") if public in PUBLIC_NAMES), None)
    return f": write {known}" if known else did_you_mean(name, _OF_TENSORS)


class Op:
    """
    One recorded computation.

    A kind of op is a subclass with three methods: :meth:`infer` (dims and dtype of the results), :meth:`numpy`
    (what it means) and :meth:`form` (what it is, as plain data). Engines have rules by the class.

    :param inputs: the tensors that it reads
    :param outputs: the number of results
    """

    name: ClassVar[str] = ""
    """Stem of the layer's name."""
    is_main: ClassVar[bool] = False
    """Whether it is *the* layer of its module and so named by the module alone."""
    not_pickled: ClassVar[tuple[str, ...]] = ("modules",)
    is_parameter: ClassVar[bool] = False
    """Whether its result is a parameter."""
    takes_square_weights: ClassVar[bool] = False
    """Whether it tells the axes of a parameter by their position, so that both may be of one dim."""
    variable: str | None = None
    """The user's first variable that held a result of it, as far as that was seen."""
    is_random: ClassVar[bool] = False
    """Whether each evaluation gives something else, so that it must stay in its loop."""
    counts_steps_itself: bool = False
    """Whether it depends on the number of the step without reading it, so that it must stay in its loop."""
    takes_more_axes: ClassVar[bool] = True
    """Whether it computes the same for each place of further axes that its inputs may have."""
    dims_follow_from_inputs: ClassVar[bool] = True
    """Whether its inputs and what it holds say the dims of its results, and not the loop that it stands in."""
    gradient_factor: Any = None
    """What the gradient of its result is multiplied with to be that of its input, where values are the same."""
    makes_lengths: ClassVar[bool] = True
    """Whether it knows how long the axes of its results are that nothing it reads has."""

    def __init__(self, *inputs: Tensor, outputs: int = 1):
        recording = current_recorder()
        self.body: Body = recording.body
        replaced = recording.replaced
        if replaced is None:
            frame = user_frame()
            note_variables(frame)
            self.source = source_line(frame)
        else:
            self.source, self.variable = replaced.source, replaced.variable
        self.modules: tuple[Any, ...] = recording.module_calls
        self._module_path: str | None = None if replaced is None else replaced.module_path()
        self.inputs = tuple([recording.read(tensor) for tensor in inputs])
        self.outputs = tuple([Tensor(self, index) for index in range(outputs)])
        self.infer()
        recording.check_no_repeated_dims(self)
        recording.note_lengths(self)
        self.body.ops.append(self)

    # what each kind defines

    def infer(self) -> None:
        """Sets dims, dtype and sparse_dim of the results with :meth:`set_output`; raises NetworkError on a mismatch."""
        raise TypeError(f"{type(self).__name__} does not say its dims")

    def numpy(self, run: Arrays, *inputs: Any, **nothing: Any) -> Any:
        """The results as arrays, axes ordered as the dims of the results, from those of the inputs."""
        raise TypeError(f"{type(self).__name__} does not say its meaning in NumPy")

    def form(self) -> Any:
        """What it computes as plain data, of each result: see :mod:`recipe.nn.record.form`."""
        raise TypeError(f"{type(self).__name__} does not say its form")

    # what all share

    def move_to(self, body: Body) -> None:
        """Makes it an op of another body, behind those that are there."""
        self.body = body
        body.ops.append(self)

    def rebuilt(self, body: Body, inputs: Iterable[Tensor], dims: Mapping[Dim, Dim] | None = None) -> Any:
        """
        The same computation of other inputs, as the last op of a body, with the module and the line of this one.

        :param dims: dims by those that they take the place of, in what the op itself holds
        """
        new = object.__new__(type(self))
        vars(new).update(vars(self))
        if dims:
            for name, value in vars(self).items():
                setattr(new, name, _replaced(value, dims))
        new.body, new.inputs = body, tuple(inputs)
        new.outputs = tuple([Tensor(new, tensor.index) for tensor in self.outputs])
        new._module_path = self.module_path()
        if not dims and self._has_results_for(new.inputs):
            for old, tensor in zip(self.outputs, new.outputs):
                tensor._become(old.known_dims, old.dtype, old.sparse_dim)
        else:
            new.infer()
        body.ops.append(new)
        return new

    def _has_results_for(self, inputs: tuple[Tensor, ...]) -> bool:
        """Whether it is known what its results of other inputs are: those inputs have the dims and types of its own."""
        if not self.dims_follow_from_inputs or not inputs or self.outputs[0].op is not self:
            return False
        return len(inputs) == len(self.inputs) and all(
            one is other
            or (one.known_dims == other.known_dims and one.dtype == other.dtype and one.sparse_dim is other.sparse_dim)
            for one, other in zip(inputs, self.inputs)
        )

    @property
    def held_dims(self) -> list[Dim]:
        """The dims that it holds itself: those that it goes over, makes or takes away."""
        held: list[Dim] = []
        for value in vars(self).values():
            if isinstance(value, Dim):
                held.append(value)
            elif isinstance(value, (list, tuple)) and value and isinstance(value[0], Dim):
                held += value
        return held

    def finish(self) -> None:
        """Ends the recording for it: it keeps the path of its module, whatever the module becomes."""
        self._module_path = self.module_path()

    @property
    def output(self) -> Tensor:
        """The only result."""
        return self.outputs[0]

    def set_output(
        self,
        dims: Sequence[Dim] | None,
        *,
        dtype: str | None = None,
        sparse_dim: Dim | None = None,
        index: int = 0,
    ) -> None:
        """
        Declares one result: its dims, dtype (default: that of the first input) and, for label indices, their dim.

        Axes over hypotheses come right after the batch axis.
        """
        self.outputs[index]._become(
            beams_first(dims) if dims is not None else None,
            dtype or (self.inputs[0].dtype if self.inputs else "float32"),
            sparse_dim,
        )

    def describe(self, tensor: Tensor) -> str:
        """What messages say of a result of it: the kind of op, its module, the dims."""
        path = self.module_path()
        what = f"{self.name or type(self).__name__} of {path}" if path else self.name or type(self).__name__
        labels = f", labels of {tensor.sparse_dim}" if tensor.sparse_dim is not None else ""
        return f"{what} {dims_text(tensor.known_dims)}{labels}"

    @property
    def place(self) -> SourceLine | None:
        """The user's line that made it, for messages; None where another name says more."""
        return self.source

    def module_path(self) -> str:
        """The path of the innermost module whose call made it, "" outside of modules."""
        if self._module_path is not None:
            return self._module_path
        return self.body.recording.module_path(self.modules[-1]) if self.modules else ""

    def require_float(self, *tensors: Tensor) -> None:
        """
        :raises NetworkError: if one of the tensors is not of a float type
        """
        for tensor in tensors:
            if not tensor.dtype.startswith("float"):
                hint = "; nn.Embedding makes vectors of labels" if tensor.sparse_dim is not None else ""
                raise NetworkError(f"{self.name} wants numbers of a float type, but {tensor} is {tensor.dtype}{hint}")


def _replaced(value: Any, dims: Mapping[Dim, Dim]) -> Any:
    """A dim, or a list or tuple of dims, with others in place of some."""
    if isinstance(value, Dim):
        return dims.get(value, value)
    if isinstance(value, (list, tuple)) and any(isinstance(item, Dim) for item in value):
        return type(value)(_replaced(item, dims) for item in value)
    return value


class Body:
    """
    The ops of one level: the network itself, what a loop does in each step, or a branch while it is recorded.

    :param recording: the recording it belongs to
    :param parent: the body around it, None for the network itself
    :param loop: the loop whose steps it is, None for the network itself
    :param branch: the branch that it is, if it is one
    """

    def __init__(self, recording: Recorder, parent: Body | None, *, loop: Any = None, branch: Any = None):
        self.recording = recording
        self.parent = parent
        self.branch: Any = branch
        """The :class:`recipe.nn.record.branching.Branching` that it is; None if it is none."""
        self.loop: Any = parent.loop if branch is not None and parent is not None else loop
        """The innermost loop around its ops, a :class:`recipe.nn.record.loops.LoopOp`; None outside of loops."""
        self.ops: list[Op] = []
        self.values: dict[Any, Tensor] = {}
        """What states hold here, by :class:`recipe.nn.record.state_leaf.StateLeaf`."""
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


def note_variables(frame: FrameType) -> None:
    """Notes what the user's variables in a frame are called that hold tensors: written configs name layers by them."""
    for name, value in frame.f_locals.items():
        if type(value) is Tensor and value.op.variable is None and not name.startswith("_"):
            value.op.variable = name


Recorder = RecorderOf[Tensor, Op, Body]
"""What ops, tensors and bodies ask of the recording that they belong to."""


def current_recorder() -> Recorder:
    """
    The recording under way.

    :raises NetworkError: outside of ``nn.Network(...)``
    """
    recording: Recorder = under_way()
    return recording
