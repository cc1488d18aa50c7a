"""Linear: a matrix product with bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy

from ..language.module import Module
from ..ops.array import concat
from ..ops.loss import ArgMax
from ..plain.dim import DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.loop_ops import PreviousOp, ResultOp
from ..record.op import Op
from ..record.parameter import Parameter
from ..record.recording import as_tensor, current_recording
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


class LinearOp(Op):
    """``y = x W + b``, or row ``W[x]`` (and ``b``) for labels."""

    name = "linear"
    is_main = True
    takes_square_weights = True

    def __init__(self, x: Tensor, weight: Tensor, bias: Tensor | None):
        self.in_dim = x.feature_dim
        self.out_dim = weight.dims[-1]
        super().__init__(x, weight, *([bias] if bias is not None else []))

    def infer(self) -> None:
        """The dims of ``x`` with the out dim in place of the feature dim."""
        x, weight = self.inputs[0], self.inputs[1]
        weight.known_dims = weight.op.parameter.dims  # type: ignore[attr-defined]
        if x.sparse_dim is not None:
            self.set_output([*x.dims, self.out_dim], dtype="float32")
            return
        self.require_float(x)
        self.set_output([self.out_dim if dim is self.in_dim else dim for dim in x.dims])

    def numpy(self, run: Run, x: numpy.ndarray, weight: numpy.ndarray, *bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        tensor = self.inputs[0]
        if tensor.sparse_dim is not None:
            y = weight[x]
        else:
            axis = tensor.dims.index(self.in_dim)
            y = numpy.moveaxis(numpy.tensordot(x, weight, axes=(axis, 0)), -1, axis)
        if bias:
            y = y + run.aligned(bias[0], (self.out_dim,), self.output.dims)
        return y

    def layer(self, lower: Lowering) -> Reference:
        """``linear`` with the parameters of the module; it takes over the dropout of its input."""
        x, weight, *bias = self.inputs
        shared = {"W": weight}
        if bias:
            shared["b"] = bias[0]
        options: dict[str, Any] = {**lower.source(x), "out_dim": self.out_dim}
        if not bias:
            options["with_bias"] = False
        if not lower.is_canonical and _is_from_argmax(x, set()):
            # such labels are declared to have no feature axis, and RETURNN would take over that for the vectors
            options["out_type"] = {"dim": self.out_dim.dimension}
        options["reuse_params"] = lower.parameter_map(**shared)
        return lower.add(self, "linear", options)


def _is_from_argmax(labels: Tensor, seen: set[Tensor]) -> bool:
    """Whether labels are or may become those of an argmax, also by a state of a loop."""
    if labels.sparse_dim is None or labels in seen:
        return False
    seen.add(labels)
    op = labels.op
    sources = [*op.inputs]
    if isinstance(op, PreviousOp):
        sources += [tensor for tensor in (op.initial, op.final) if tensor is not None]
    elif isinstance(op, ResultOp):
        sources.append(op.inner)
    return isinstance(op, ArgMax) or any(_is_from_argmax(source, seen) for source in sources)


class Linear(Module):
    """
    ``y = x W + b``.

    :param dims: ``Linear(out_dim)`` or ``Linear(in_dim, out_dim)``; without in_dim it is that of the first input
    :param n_out: out_dim, as RETURNN calls it
    :param with_bias: whether there is a bias
    """

    def __init__(self, *dims: DimLike, n_out: DimLike | None = None, with_bias: bool = True):
        super().__init__()
        given = [*dims, *([n_out] if n_out is not None else [])]
        if not 1 <= len(given) <= 2:
            raise NetworkError(f"Linear(out_dim) or Linear(in_dim, out_dim), but {len(given)} dims were given: {given}")
        self.out_dim = as_dim(given[-1])
        self.with_bias = with_bias
        self.W: Parameter | None = None
        self.b: Parameter | None = None
        self._in_dim = given[0] if len(given) == 2 else None
        if self._in_dim is not None:
            self._make(self._in_dim)

    def forward(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """
        :param x: [..., in_dim], or labels of in_dim, or a list of such, which is joined
        :return: [..., out_dim]
        """
        x = concat(x) if isinstance(x, (list, tuple)) else as_tensor(x)
        if self.W is None:
            self._make(x.feature_dim)
        assert self.W is not None
        check_in_dim(self, x, self.W)
        return LinearOp(x, as_tensor(self.W), as_tensor(self.b) if self.b is not None else None).output

    if TYPE_CHECKING:
        __call__ = forward

    def _make(self, in_dim: DimLike) -> None:
        self.W = Parameter([in_dim, self.out_dim])
        self.b = Parameter([self.out_dim], initial=0.0) if self.with_bias else None


def check_in_dim(module: Module, x: Tensor, weight: Parameter) -> None:
    """
    Checks the features of an input against a weight's first dim. One given as a plain int fits every dim of its size.

    :raises NetworkError: if they do not fit
    """
    wanted, given = weight.dims[0], x.feature_dim
    if wanted is given or (wanted.is_anonymous and wanted.known_size == given.known_size) or wanted.known_size == 0:
        return
    if given.known_size == 0 or (given.is_anonymous and wanted.known_size == given.known_size):
        return
    hint = ""
    if x.sparse_dim is not None:
        hint = ". For a vector per label there is nn.Embedding(labels, dim)"
    elif given in weight.dims[1:] and isinstance(module, Linear):
        hint = f". Were its dims swapped? {type(module).__name__}(in_dim, out_dim)"
    elif wanted.known_size is not None and wanted.known_size == given.known_size:
        hint = ". They have the same size, but are two dims: use one Dim object in both places"
    path = current_recording().names.path_if_known(module)
    raise NetworkError(
        f"{type(module).__name__}{f' {path!r}' if path else ''} has in_dim {wanted}, but its input has the feature dim "
        f"{given}: {x}{hint}"
    )
