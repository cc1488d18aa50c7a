"""A matrix product with bias."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Op, Tensor
from .activation import activated
from .dropout import dropped
from .whole_numbers import labels_in_range


class LinearOp(Op):
    """``y = x W + b``, or row ``W[x]`` (and ``b``) for labels."""

    name = "linear"
    is_main = True
    takes_square_weights = True
    dropout: float | Delayed | None = None
    """The rate of a dropout of its input that was joined to it (recipe/nn/passes/joins.py)."""
    activation: str | None = None
    """The function of its result that was joined to it: one of recipe.nn.ops.activation, softmax or log_softmax."""

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

    def numpy(self, run: Arrays, x: numpy.ndarray, weight: numpy.ndarray, *bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        tensor = self.inputs[0]
        x = dropped(run, x, self.dropout)
        if tensor.sparse_dim is not None:
            y = weight[labels_in_range(run, self, tensor, x, weight.shape[0])]
        else:
            axis = tensor.dims.index(self.in_dim)
            y = numpy.moveaxis(numpy.tensordot(x, weight, axes=(axis, 0)), -1, axis)
        if bias:
            y = y + run.aligned(bias[0], (self.out_dim,), self.output.dims)
        return y if self.activation is None else activated(self.activation, y, self.output.dims.index(self.out_dim))

    def form(self) -> Form:
        """``linear`` with the parameters of the module."""
        x, weight, *bias = self.inputs
        options: dict[str, Any] = {"from": x, "out_dim": self.out_dim}
        if not bias:
            options["with_bias"] = False
        options["reuse_params"] = parameter_map(W=weight, **({"b": bias[0]} if bias else {}))
        return Form("linear", options)
