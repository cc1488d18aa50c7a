"""What comes into a network: data and parameters."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy

from ..plain.delayed import Delayed
from ..plain.dim import DimLike, as_dim, batch_dim, dims_text, ordered_dims
from ..plain.dtype import as_dtype
from ..plain.errors import NetworkError, did_you_mean
from ..record.op import Op
from ..record.parameter import Parameter
from ..record.recording import current_recording
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


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
        self.dtype = as_dtype(dtype) if dtype is not None else ("int32" if self.sparse_dim is not None else "float32")
        if not isinstance(name, str):
            raise NetworkError(f"the name of an input is a text, its key in the dataset, not {name!r}")
        if batch_dim not in self.dims:
            raise NetworkError(
                f"input {name!r} needs nn.batch_dim among its dims, it has {dims_text(self.dims)}: "
                "nn.ExternData(name, [nn.batch_dim, time, feature])"
            )
        for dim in self.dims:
            if self.dims.count(dim) > 1:
                raise NetworkError(
                    f"input {name!r} has the dim {dim} twice: {dims_text(self.dims)}. Make a second nn.Dim"
                )
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
        from ..numpy_run.feeds import fed_array

        return fed_array(run, self.data)

    def layer(self, lower: Lowering) -> Reference:
        """``data:NAME``."""
        from ..tf_layers.layers import InputReference

        return InputReference(lower.root, self.data.name)

    def describe(self, tensor: Tensor) -> str:
        """With the name of the input."""
        labels = f", labels of {tensor.sparse_dim}" if tensor.sparse_dim is not None else ""
        return f"input {self.data.name!r} {dims_text(tensor.known_dims)}{labels}"

    @property
    def place(self) -> None:
        """None: its name says which it is."""
        return None


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
            raise NetworkError(
                f"no value was given for parameter {self.path!r} {dims_text(self.parameter.dims)}; there is "
                f"{sorted(run.parameters)}"
            )
        value = numpy.asarray(run.parameters[self.path])
        if value.shape != self.parameter.shape:
            raise NetworkError(
                f"parameter {self.path!r} {dims_text(self.parameter.dims)} has shape {self.parameter.shape}, but an "
                f"array {value.shape} was given"
            )
        if value.dtype.kind not in "biuf":
            raise NetworkError(
                f"parameter {self.path!r} is {self.parameter.dtype}, but an array of {value.dtype} was given"
            )
        return value

    def layer(self, lower: Lowering) -> Reference:
        """``variable``, at the root, so that its name and its training do not depend on where it is used."""
        from ..tf_layers.layers import Layer

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
        return f"parameter {self.path!r} {dims_text(tensor.known_dims)}"

    @property
    def place(self) -> None:
        """None: its name says which it is."""
        return None


def get_extern_data(data: str | ExternData) -> Tensor:
    """
    An input of the network.

    :param data: its name, where it was declared with ``nn.Network(..., extern_data=...)``; or its declaration
    :raises NetworkError: if nothing of that name was declared
    """
    recording = current_recording()
    if isinstance(data, ExternData):
        first = recording.extern_data.setdefault(data.name, data)
        if first is not data and (first.dims, first.sparse_dim, first.dtype) != (
            data.dims,
            data.sparse_dim,
            data.dtype,
        ):
            raise NetworkError(f"input {data.name!r} was declared before with other dims: {first}, now {data}")
        return recording.input(first)
    if not isinstance(data, str):
        raise NetworkError(f"an input is named by its key in the dataset, or by its nn.ExternData, not {data!r}")
    if data not in recording.extern_data:
        known = sorted(recording.extern_data)
        instead = did_you_mean(data, known) or (
            f" Declare it: nn.Network(model, extern_data=[nn.ExternData({data!r}, [nn.batch_dim, time, feature])])"
        )
        raise NetworkError(f"input {data!r} is not declared, {f'only {known}' if known else 'nor any other'}.{instead}")
    return recording.input(recording.extern_data[data])
