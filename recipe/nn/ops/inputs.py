"""What comes into a network: data and parameters."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy

from ..delayed import Delayed
from ..dim import DimLike, as_dim, batch_dim, dims_text, ordered_dims
from ..errors import NetworkError
from ..op import Op
from ..parameter import Parameter
from ..recording import current_recording
from ..tensor import Tensor

if TYPE_CHECKING:
    from ..interpreter import Run
    from ..layers import Reference
    from ..lowering import Lowering


class ExternData:
    """
    An input of the network, as a dataset of RETURNN gives it.

    :param name: its key in the dataset
    :param dims: its axes, ``nn.batch_dim`` first
    :param sparse_dim: for labels: the dim that they index
    :param dtype: default: int32 for labels, else float32
    """

    def __init__(
        self, name: str, dims: Iterable[DimLike], *, sparse_dim: DimLike | None = None, dtype: str | None = None
    ):
        self.name = name
        self.dims = ordered_dims(dims)
        self.sparse_dim = as_dim(sparse_dim) if sparse_dim is not None else None
        self.dtype = dtype or ("int32" if self.sparse_dim is not None else "float32")
        if batch_dim not in self.dims:
            raise NetworkError(f"input {name!r} needs nn.batch_dim among its dims, it has {dims_text(self.dims)}")
        self._is_declared = True

    def __setattr__(self, name: str, value: Any) -> None:
        if "_is_declared" in vars(self):
            raise NetworkError(f"the declaration of input {self.name!r} cannot be changed; make another nn.ExternData")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"ExternData({self.name!r}, {dims_text(self.dims)})"


class ExternDataOp(Op):
    """An input."""

    name = "data"

    def __init__(self, data: ExternData):
        self.data = data
        super().__init__()

    def infer(self) -> None:
        """As declared."""
        self.set_output(self.data.dims, dtype=self.data.dtype, sparse_dim=self.data.sparse_dim)

    def numpy(self, run: Run) -> numpy.ndarray:
        """What was fed, with its lengths."""
        return fed_array(run, self.data)

    def layer(self, lower: Lowering) -> Reference:
        """``data:NAME``."""
        from ..layers import InputReference

        return InputReference(lower.root, self.data.name)

    def describe(self, tensor: Tensor) -> str:
        """With the name of the input."""
        return f"<input {self.data.name!r} {dims_text(tensor.known_dims)}>"


class ParameterOp(Op):
    """A parameter."""

    name = "parameter"
    is_parameter = True
    not_pickled = (*Op.not_pickled, "owned")

    def __init__(self, parameter: Parameter):
        self.owned = parameter
        self.parameter = copy.copy(parameter)  # what the model does with its own later is another network's
        self._path: str | None = None
        super().__init__()

    def finish(self) -> None:
        """It keeps its name."""
        super().finish()
        if self.body.recording.names.has_parameter(self.owned):
            self._path = self.path

    def infer(self) -> None:
        """As declared."""
        self.set_output(self.parameter.dims, dtype=self.parameter.dtype)

    @property
    def path(self) -> str:
        """Its name: the path of attributes."""
        return self._path or self.body.recording.names.parameter(self.owned)

    def numpy(self, run: Run) -> numpy.ndarray:
        """The array given for its name."""
        if self.path not in run.parameters:
            raise NetworkError(f"no value was given for parameter {self.path!r}; there is {sorted(run.parameters)}")
        value = run.parameters[self.path]
        if value.shape != self.parameter.shape:
            raise NetworkError(f"parameter {self.path!r} has shape {self.parameter.shape}, but {value.shape} was given")
        return value

    def layer(self, lower: Lowering) -> Reference:
        """``variable``, at the root, so that its name and its training do not depend on where it is used."""
        from ..layers import Layer

        parameter = self.parameter
        scope, _, name = self.path.rpartition("/")
        options: dict[str, Any] = {
            "class": "variable",
            "shape": parameter.dims,
            "init": parameter.initial.returnn(),
            "param_name": name,
        }
        options["name_scope"] = scope
        if parameter.dtype != "float32":
            options["dtype"] = parameter.dtype
        if not parameter.trainable:
            options["trainable"] = False
        if isinstance(parameter.weight_decay, Delayed) or parameter.weight_decay:
            options["L2"] = parameter.weight_decay
        return Layer(lower.root, lower.root.unique_name(self.path.replace("/", "_")), options, scope)

    def describe(self, tensor: Tensor) -> str:
        """With the name of the parameter."""
        return f"<parameter {self.path!r} {dims_text(tensor.known_dims)}>"


def get_extern_data(data: str | ExternData) -> Tensor:
    """
    An input of the network.

    :param data: its name, where it was declared with ``nn.Network(..., extern_data=...)``; or its declaration
    :raises NetworkError: if nothing of that name was declared
    """
    recording = current_recording()
    if isinstance(data, ExternData):
        known = recording.extern_data.setdefault(data.name, data)
        if known is not data and (known.dims, known.sparse_dim, known.dtype) != (
            data.dims,
            data.sparse_dim,
            data.dtype,
        ):
            raise NetworkError(f"input {data.name!r} was declared before with other dims: {known}, now {data}")
        return recording.input(known)
    if data not in recording.extern_data:
        raise NetworkError(
            f"input {data!r} is not declared, only {sorted(recording.extern_data)}. Declare it: nn.Network(model, "
            f"extern_data=[nn.ExternData({data!r}, [nn.batch_dim, time, feature])])"
        )
    return recording.input(recording.extern_data[data])


def fed_array(run: Run, data: ExternData) -> numpy.ndarray:
    """
    The array fed for an input; takes note of the size of the batch and of the lengths.

    :raises NetworkError: if nothing was fed, or another shape
    """
    if data.name not in run.feeds:
        raise NetworkError(f"nothing was fed for input {data.name!r}, only for {sorted(run.feeds)}")
    feed = run.feeds[data.name]
    value, *lengths = feed if isinstance(feed, tuple) else (feed,)
    value = numpy.asarray(value, data.dtype)
    if value.ndim != len(data.dims):
        raise NetworkError(
            f"input {data.name!r} has the dims {dims_text(data.dims)}, but an array {value.shape} was fed"
        )
    run.batch_size = value.shape[data.dims.index(batch_dim)]
    dynamic = [dim for dim in data.dims if dim.is_dynamic]
    for position, dim in enumerate(dynamic):
        size = value.shape[data.dims.index(dim)]
        given = numpy.asarray(lengths[position]) if position < len(lengths) else numpy.full(run.batch_size, size)
        if run.knows_lengths(dim) and list(run.lengths(dim)) != list(given):
            raise NetworkError(f"inputs disagree about the lengths of {dim}: {run.lengths(dim)} and {given}")
        if given.max(initial=0) != size:
            raise NetworkError(
                f"input {data.name!r}: the greatest length {given.max(initial=0)} is not the size {size}"
            )
        run.set_lengths(dim, given)
    return value
