"""What comes into a network: data and parameters."""

from __future__ import annotations

from typing import Any

from ..plain.delayed import Delayed
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, did_you_mean
from ..plain.extern_data import ExternData
from ..record.form import Form, InputForm
from ..record.graph import Op, Tensor
from ..record.parameter import Parameter
from ..record.recording import Recording, current_recording


class ExternDataOp(Op):
    """An input."""

    name = "data"

    def __init__(self, data: ExternData):
        self.data = data
        super().__init__()

    def infer(self) -> None:
        """As declared."""
        self.set_output(self.data.dims, dtype=self.data.dtype, sparse_dim=self.data.sparse_dim)

    def form(self) -> InputForm:
        """``data:NAME``."""
        return InputForm(self.data.name)

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
        self.parameter = parameter.__copy__()  # what the model does with its own later is another network's
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

    def form(self) -> Form:
        """``variable``, so that its name and its training do not depend on where it is used."""
        parameter = self.parameter
        scope, _, name = self.path.rpartition("/")
        options: dict[str, Any] = {
            "shape": parameter.dims,
            "init": parameter.initial.returnn(),
            "param_name": name,
            "name_scope": scope,
        }
        if parameter.dtype != "float32":
            options["dtype"] = parameter.dtype
        if not parameter.trainable:
            options["trainable"] = False
        if isinstance(parameter.weight_decay, Delayed) or parameter.weight_decay:
            options["L2"] = parameter.weight_decay
        if isinstance(parameter.learning_rate_factor, Delayed) or parameter.learning_rate_factor != 1.0:
            options["updater_opts"] = updater_options(parameter.learning_rate_factor)
        return Form("variable", options)

    def describe(self, tensor: Tensor) -> str:
        """With the name of the parameter."""
        return f"parameter {self.path!r} {dims_text(tensor.known_dims)}"

    @property
    def place(self) -> None:
        """None: its name says which it is."""
        return None


def updater_options(learning_rate_factor: float | Delayed) -> dict[str, Any]:
    """RETURNN's option for parameters with a learning rate of their own, without what the config says of optimizers."""
    return {"optimizer": {"learning_rate_multiplier": learning_rate_factor}}


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
        return input_tensor(recording, first)
    if not isinstance(data, str):
        raise NetworkError(f"an input is named by its key in the dataset, or by its nn.ExternData, not {data!r}")
    if data not in recording.extern_data:
        known = sorted(recording.extern_data)
        instead = did_you_mean(data, known) or (
            f" Declare it: nn.Network(model, extern_data=[nn.ExternData({data!r}, [nn.batch_dim, time, feature])])"
        )
        raise NetworkError(f"input {data!r} is not declared, {f'only {known}' if known else 'nor any other'}.{instead}")
    return input_tensor(recording, recording.extern_data[data])


def input_tensor(recording: Recording, data: ExternData) -> Tensor:
    """The tensor that stands for an input of the network, the same at each use."""
    if data.name not in recording.inputs:
        root = recording.root_body
        with recording.at(root):
            op = ExternDataOp(data)
        # to the front: what was recorded before, such as zeros with a batch dim, needs to know the batch
        root.ops.remove(op)
        root.ops.insert(0, op)
        recording.inputs[data.name] = op.output
    return recording.inputs[data.name]


def parameter_tensor(recording: Recording, parameter: Parameter) -> Tensor:
    """The tensor that stands for a parameter, the same at each use."""
    tensor = recording.parameters.get(parameter)
    if tensor is None:
        before, recording.body = recording.body, recording.root_body
        try:
            tensor = recording.parameters[parameter] = ParameterOp(parameter).output
        finally:
            recording.body = before
    return tensor
