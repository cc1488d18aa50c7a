"""What a training is asked for: what is wrong is found when the graph is made, before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe import nn
from recipe.nn.plain.engine import check_engine

from .dataset_inputs import check_inputs
from .engine_options import check_torch_options
from .returnn_options import check_options

_OWN_OPTIONS = (
    *("network", "get_network", "extern_data", "preload_from_files", "model"),
    *("task", "train", "dev", "num_epochs"),
)
"""Options of RETURNN that the job itself sets."""


def check_arguments(
    network: nn.Network | nn.StagedNetwork,
    data: Mapping[str, dict[str, Any]],
    *,
    engine: str,
    config: dict[str, Any],
    post_config: dict[str, Any],
    num_epochs: int,
    device: str,
) -> None:
    """
    Checks network, data and options, also that they fit.

    :param data: the datasets by the names of their arguments
    :raises ValueError: for what cannot be trained, or not by this engine
    """
    check_engine(engine)
    if not all(stage.losses for stage in stages_of(network)):
        raise ValueError("the network to train has no loss: call tensor.mark_as_loss() in the model")
    if isinstance(network, nn.StagedNetwork):
        _check_stages(network, engine, config)
    if num_epochs < 1:
        raise ValueError(f"num_epochs must be at least 1, not {num_epochs}")
    check_options(config, post_config, device, _OWN_OPTIONS, training_engine=engine, datasets=data)
    if engine == "torch":
        check_torch_options(config, post_config)
    for name, dataset in data.items():
        check_inputs(stages_of(network), dataset, name)


def stages_of(network: nn.Network | nn.StagedNetwork) -> list[nn.Network]:
    """The networks of all stages."""
    return list(network.stages.values()) if isinstance(network, nn.StagedNetwork) else [network]


def _check_stages(network: nn.StagedNetwork, engine: str, config: Mapping[str, Any]) -> None:
    """RETURNN changes options that the config has, and goes back to these; its engine for PyTorch reads no others."""
    if engine == "torch" and network.copy_param_mode is not None:
        raise ValueError(
            'engine="torch" has no copy_param_mode: RETURNN makes the parameters of all stages at the start. Train the '
            "stages by a job each, the second with preload="
        )
    for epoch, options in network.options.items():
        if engine == "torch":
            raise ValueError(
                f'engine="torch" has no options of single stages, as those from epoch {epoch} on: {options}'
            )
        missing = sorted(set(options) - set(config) - {"learning_rate"})
        if missing:
            raise ValueError(
                f"from epoch {epoch} on, {', '.join(missing)} is another one, but config= does not say which it is in "
                "the other stages; RETURNN wants that"
            )
