"""The model as RETURNN has it, its parameters, its losses and its outputs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import returnn.frontend as rf
import torch
from returnn.tensor import Dim
from torch import Tensor


class Model(torch.nn.Module):
    """The parameters, by their paths: ``model["encoder/W"]`` is ``encoder.W`` in a checkpoint."""

    def add(
        self,
        path: str,
        shape: tuple[int, ...],
        initial: Callable[[Tensor], Any],
        *,
        dtype: torch.dtype = torch.float32,
        trainable: bool = True,
    ) -> None:
        """Makes a parameter. Its path may have any names, also those of methods of ``torch.nn.Module``."""
        *modules, name = path.split("/")
        owner: torch.nn.Module = self
        for module in modules:
            owner = owner._modules.setdefault(module, torch.nn.Module())
        parameter = torch.nn.Parameter(torch.empty(shape, dtype=dtype), requires_grad=trainable)
        with torch.no_grad():
            initial(parameter)
        owner._parameters[name] = parameter

    def __getitem__(self, path: str) -> Tensor:
        *modules, name = path.split("/")
        owner: torch.nn.Module = self
        for module in modules:
            owner = owner._modules[module]
        return owner._parameters[name]


def init_constant(value: float) -> Callable[[Tensor], Any]:
    """All values the same."""
    return lambda parameter: parameter.fill_(value)


def init_glorot(parameter: Tensor) -> Tensor:
    """Uniform, within a bound by the first and the last dim (Glorot and Bengio 2010)."""
    fan = 2 * parameter.shape[0] if parameter.dim() == 1 else parameter.shape[0] + parameter.shape[-1]
    limit = math.sqrt(6.0 / max(fan, 1))
    return parameter.uniform_(-limit, limit)


def init_uniform(limit: float) -> Callable[[Tensor], Any]:
    """Uniform between -limit and limit."""
    return lambda parameter: parameter.uniform_(-limit, limit)


def init_normal(deviation: float) -> Callable[[Tensor], Any]:
    """Gaussian around 0."""
    return lambda parameter: parameter.normal_(0.0, deviation)


def init_from_file(path: str) -> Callable[[Tensor], Any]:
    """The values that ``numpy.save`` wrote."""

    def load(parameter: Tensor) -> Tensor:
        values = torch.from_numpy(numpy.load(path))
        if values.shape != parameter.shape:
            raise ValueError(
                f"{path} has an array {tuple(values.shape)}, but the parameter is {tuple(parameter.shape)}"
            )
        return parameter.copy_(values)

    return load


def global_train_step() -> int:
    """How many batches were trained on before."""
    step = rf.get_run_ctx().step
    return int(step.raw_tensor) if isinstance(step, rf.Tensor) else int(step)


def mark_losses(losses: dict[str, tuple[Tensor, Tensor | int, float, bool]]) -> None:
    """
    Tells RETURNN of losses: it minimises their sums over all frames, and reports means. It cannot divide by no frames,
    so that a loss without any is 0 of next to none.

    :param losses: by name: the sum, the number of frames, the factor in the total loss, whether it is only reported
    """
    context = rf.get_run_ctx()
    for name, (total, count, scale, as_error) in losses.items():
        frames = torch.as_tensor(count, dtype=torch.float64, device=total.device).clamp(min=1e-9)
        frames = rf.convert_to_tensor(frames, dims=[])
        context.mark_as_loss(total, name, dims=[], scale=scale, as_error=as_error, custom_inv_norm_factor=frames)


def squared_norm(model: Model, decays: dict[str, float]) -> Tensor:
    """The sum of the squared norms of parameters, each with its factor."""
    return torch.stack([decay * model[path].square().sum() for path, decay in decays.items()]).sum()


def mark_weight_decay(decay: Tensor) -> None:
    """Adds weight decay to what is minimised."""
    rf.get_run_ctx().mark_as_loss(decay, "weight_decay", dims=[])


def mark_outputs(outputs: dict[str, tuple[Tensor, list[Any], Dim | None]]) -> None:
    """
    Tells RETURNN of outputs: on the CPU, as it takes the sequences of a batch apart one by one.

    :param outputs: by name: the values; for each axis its dim, or the lengths along it with their dims; and what labels
        are of
    """
    made: dict[int, Dim] = {}
    for name, (value, axes, labels) in outputs.items():
        dims: list[Dim] = []
        for axis in axes:
            if not isinstance(axis, Dim):
                lengths, over = axis
                axis = made.get(id(lengths))
                if axis is None or any(axis is dim for dim in dims):
                    sizes = rf.convert_to_tensor(lengths.cpu(), dims=over)
                    axis = made[id(lengths)] = Dim(sizes, name=f"{name}_axis_{len(dims)}")
            dims.append(axis)
        marked = rf.convert_to_tensor(value.cpu(), dims=dims, sparse_dim=labels)
        rf.get_run_ctx().mark_as_output(marked, name, dims=dims)
