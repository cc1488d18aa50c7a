"""Options of a training that differ between the engines."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.engine_options import check_torch_options, options_after, options_before, torch_optimizer
from recipe import nn

from .configs.tiny import tiny_model


@pytest.mark.parametrize(
    ("given", "on_torch"),
    [
        (None, {"class": "sgd"}),
        ("Adam", {"class": "adam", "epsilon": 1e-16}),
        ({"class": "gradientdescent"}, {"class": "sgd"}),
        (
            {"class": "momentum", "momentum": 0.9, "use_nesterov": True},
            {"class": "sgd", "momentum": 0.9, "nesterov": True},
        ),
        ({"class": "adam", "epsilon": 1e-8}, {"class": "adam", "epsilon": 1e-8}),
        ({"class": "adamw", "eps": 1e-8, "weight_decay": 0.1}, {"class": "adamw", "eps": 1e-8, "weight_decay": 0.1}),
        ({"class": "nadam", "beta1": 0.5}, {"class": "nadam", "betas": (0.5, 0.999), "epsilon": 1e-16}),
        ({"class": "package.Own", "beta1": 2}, {"class": "package.Own", "beta1": 2}),
    ],
)
def test_optimizer(given: Any, on_torch: dict[str, Any]) -> None:
    """Of any way of writing it; by default what RETURNN takes on TensorFlow."""
    options = {} if given is None else {"optimizer": given}
    assert torch_optimizer(options) == {"optimizer": on_torch}


def test_epsilon_of_all_optimizers() -> None:
    """RETURNN's option on TensorFlow, which has none of that name on PyTorch."""
    options = {"optimizer": {"class": "adam"}, "optimizer_epsilon": 1e-6}
    assert torch_optimizer(options)["optimizer"]["epsilon"] == 1e-6


def test_python_code_stays() -> None:
    assert torch_optimizer({"optimizer": nn.PythonCode("own_optimizer")}) == {}


@pytest.mark.parametrize("given", [{}, {"class": nn.PythonCode("Own")}, "adam", "package.Own", None])
def test_optimizers_that_are_not_refused(given: Any) -> None:
    check_torch_options({"optimizer": given}, {})


def test_data_are_read_by_another_process_for_a_gpu_only() -> None:
    assert options_before("torch", "cpu") == {"torch_dataloader_opts": {"num_workers": 0}}
    assert options_before("torch", "gpu") == options_before("tensorflow", "cpu") == {}


def test_several_processes() -> None:
    network = nn.Network(tiny_model())

    def distributed(device: str = "gpu", network: Any = network, **given: Any) -> Any:
        options = {"torch_distributed": given} if given else {}
        return options_after("torch", device, options, network, is_distributed=True)["torch_distributed"]

    stages = nn.StagedNetwork({1: network})
    assert distributed() == {} and distributed("cpu") == {"backend": "gloo"}
    assert distributed("cpu", backend="mpi") == {"backend": "mpi"}
    assert distributed(network=stages) == {"options": {"find_unused_parameters": True}}
    averaged = {"reduce_type": "param", "param_sync_step": 9}
    assert distributed(network=stages, **averaged) == averaged
    assert "torch_distributed" not in options_after("torch", "cpu", {}, network, is_distributed=False)
    assert options_after("tensorflow", "cpu", {}, network, is_distributed=True) == {"use_horovod": True}


def test_score_that_controls_learning_rates() -> None:
    """RETURNN has no ``dev_score`` on PyTorch."""
    network = nn.Network(tiny_model())

    def measure(**options: Any) -> Any:
        found = options_after("torch", "cpu", options, network, is_distributed=False)
        return found.get("learning_rate_control_error_measure")

    assert measure() is None
    assert measure(learning_rate_control="newbob") == "dev_loss_cross_entropy"
    given = {"learning_rate_control": "newbob", "learning_rate_control_error_measure": "dev_error"}
    assert measure(**given) == "dev_loss_frame_error"
