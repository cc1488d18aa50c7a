"""Op: one computation of a network. Each kind says in one class its dims, its meaning in NumPy, its RETURNN layer."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..plain.dim import Dim, beams_first, dims_text
from ..plain.errors import NetworkError, SourceLine, user_source_line
from .recording import current_recording
from .tensor import Tensor

if TYPE_CHECKING:
    from ..language.module import Module
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering
    from .recording import Body


class Op:
    """
    One recorded computation.

    A kind of op is a subclass with three methods: :meth:`infer` (dims and dtype of the results), :meth:`numpy`
    (what it means) and :meth:`layer` (what RETURNN layer it is). Nothing else knows the kind.

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
    is_random: ClassVar[bool] = False
    """Whether each evaluation gives something else, so that it must stay in its loop."""
    takes_more_axes: ClassVar[bool] = True
    """Whether it computes the same for each place of further axes that its inputs may have."""
    is_time_major: ClassVar[bool | None] = None
    """Whether its RETURNN layer gives the time axis first, the batch axis second; None: as what it reads."""

    def __init__(self, *inputs: Tensor, outputs: int = 1):
        recording = current_recording()
        self.body: Body = recording.body
        replaced = recording.replaced
        self.source: SourceLine = user_source_line() if replaced is None else replaced.source
        self.modules: tuple[Module, ...] = tuple(recording.module_calls)
        self._module_path: str | None = None if replaced is None else replaced.module_path()
        self.inputs = tuple([recording.read(tensor, self) for tensor in inputs])
        self.outputs = tuple([Tensor(self, index) for index in range(outputs)])
        self.infer()
        recording.check_no_repeated_dims(self)
        self.body.ops.append(self)

    # what each kind defines

    def infer(self) -> None:
        """Sets dims, dtype and sparse_dim of the results with :meth:`set_output`; raises NetworkError on a mismatch."""
        raise TypeError(f"{type(self).__name__} does not say its dims")

    def numpy(self, run: Run, *inputs: Any, **nothing: Any) -> Any:
        """The results as arrays, axes ordered as the dims of the results, from those of the inputs."""
        raise TypeError(f"{type(self).__name__} does not say its meaning in NumPy")

    def layer(self, lower: Lowering) -> Reference | Sequence[Reference]:
        """The RETURNN layer, made with ``lower.add``; one reference per result."""
        raise TypeError(f"{type(self).__name__} does not say its RETURNN layer")

    def values_before(self) -> list[Tensor]:
        """The values that it reads as they were in the step before, where its layer reads ``prev:`` of them."""
        from .loop_ops import PreviousOp

        previous = [x.op for x in self.inputs if isinstance(x.op, PreviousOp) and x.op.body is self.body]
        return [op.final for op in previous if op.final is not None and not op.is_constant]

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
        new = copy.copy(self)
        if dims:
            for name, value in vars(self).items():
                setattr(new, name, _replaced(value, dims))
        new.body, new.inputs = body, tuple(inputs)
        new.outputs = tuple([Tensor(new, tensor.index) for tensor in self.outputs])
        new._module_path = self.module_path()
        new.infer()
        body.ops.append(new)
        return new

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
        tensor = self.outputs[index]
        vars(tensor).update(
            known_dims=beams_first(dims) if dims is not None else None,
            dtype=dtype or (self.inputs[0].dtype if self.inputs else "float32"),
            sparse_dim=sparse_dim,
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
