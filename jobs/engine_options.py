"""The options of a training that differ between the engines of RETURNN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe import nn

from .options.optimizers import OTHER_NAMES
from .options.tables import OPTIMIZERS
from .score_keys import score_key

_NOT_ON_TORCH = (
    "gradient_clip_norm",
    "gradient_clip_avg_norm",
    "global_norm_tag",
    "gradient_clip_global_norm_tag",
    "grad_norm_to_clip_to_zero",
    "maximize_grad_norm",
    "debug_grad_summaries",
    "gradient_nan_inf_filter",
)
"""Options that RETURNN has on TensorFlow alone, and that change what is trained."""

_ADAM = ("adam", "adamw", "adamax", "nadam", "radam")
_EPSILON = 1e-16  # RETURNN's default on TensorFlow


def check_torch_options(config: Mapping[str, Any], post_config: Mapping[str, Any]) -> None:
    """
    Finds out, when the graph is written, that a training by PyTorch cannot have an option.

    :raises ValueError: for an option that is not there
    """
    wrong = sorted(name for name in _NOT_ON_TORCH if config.get(name) or post_config.get(name))
    if wrong:
        raise ValueError(
            f'with engine="torch" RETURNN has no {", ".join(wrong)}; it has gradient_clip, gradient_clip_global_norm, '
            "gradient_noise"
        )


def torch_optimizer(options: Mapping[str, Any]) -> dict[str, Any]:
    """
    The optimizer among the options of a training, as PyTorch has it.

    Names of TensorFlow are taken for those of PyTorch (``gradientdescent``, ``momentum``; ``beta1`` and ``beta2``).
    What is not given is what it is on TensorFlow: plain gradient descent, an epsilon of 1e-16 for Adam and its kind.

    :param options: those of the training, with the values of variables
    :return: ``{"optimizer": ...}``; empty if it is Python code
    """
    optimizer = options.get("optimizer") or {"class": "sgd"}
    if isinstance(optimizer, str):
        optimizer = {"class": optimizer}
    if not isinstance(optimizer, Mapping) or not isinstance(optimizer.get("class"), str):
        return {}
    known = _torch_class(optimizer["class"])
    if known is None:
        return {"optimizer": dict(optimizer)}
    found = {**optimizer, "class": known}
    betas = [found.pop(f"beta{number}", default) for number, default in ((1, 0.9), (2, 0.999))]
    if {"beta1", "beta2"} & set(optimizer):
        found["betas"] = tuple(betas)
    if "use_nesterov" in found:
        found["nesterov"] = found.pop("use_nesterov")
    if known in _ADAM and not {"epsilon", "eps"} & set(found):
        found["epsilon"] = options.get("optimizer_epsilon", _EPSILON)
    return {"optimizer": found}


def options_before(engine: str, device: str) -> dict[str, Any]:
    """
    Options of a training by an engine that a user may set otherwise.

    PyTorch is to read the data in the process that trains: another one takes seconds to start and memory, and on a CPU
    competes with it. A GPU is worth one, which RETURNN's default is.
    """
    return {"torch_dataloader_opts": {"num_workers": 0}} if engine == "torch" and device == "cpu" else {}


def options_after(
    engine: str,
    device: str,
    options: Mapping[str, Any],
    network: nn.Network | nn.StagedNetwork,
    *,
    is_distributed: bool,
) -> dict[str, Any]:
    """
    Options of a training by an engine that follow from the job.

    RETURNN asks for NCCL beside gloo, which PyTorch for CPUs has not: there it is to take gloo alone. And PyTorch stops
    at parameters that have no gradient, as those of later stages, unless it is to look for them.

    :param options: those of the user
    :param network: that is trained
    :param is_distributed: whether it has several processes
    """
    if engine == "torch":
        distributed: dict[str, Any] = {"backend": "gloo"} if device == "cpu" else {}
        given = options.get("torch_distributed", {})
        if isinstance(network, nn.StagedNetwork) and not {"reduce_type", "sync"} & set(given):
            distributed["options"] = {"find_unused_parameters": True}
        several = {"torch_distributed": {**distributed, **given}} if is_distributed else {}
        return {**torch_optimizer(options), **_measure(options, network), **several}
    return {"use_horovod": True} if is_distributed else {}


def _measure(options: Mapping[str, Any], network: nn.Network | nn.StagedNetwork) -> dict[str, Any]:
    """The score by which learning rates are controlled, RETURNN's ``dev_score``, by its name on PyTorch."""
    key = options.get("learning_rate_control_error_measure", "dev_score")
    if "learning_rate_control" not in options or not isinstance(key, str):
        return {}
    last = network.last if isinstance(network, nn.StagedNetwork) else network
    return {"learning_rate_control_error_measure": score_key(key, "torch", last)}


def _torch_class(name: str) -> str | None:
    known = OTHER_NAMES.get(name.lower(), name.lower())
    return known if known in OPTIMIZERS["torch"] else None
