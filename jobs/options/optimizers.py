"""The optimizer of a training: its class and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe.nn.plain.delayed import is_delayed
from recipe.nn.plain.errors import did_you_mean

from .tables import OPTIMIZERS

_OF_RETURNN = {
    "tensorflow": ("class", "learning_rate_multiplier"),
    "torch": ("class", "param_groups_custom", "weight_decay_custom_include_check", "weight_decay_modules_blacklist"),
}
"""What RETURNN itself takes out of the options."""

OTHER_NAMES = {"gradientdescent": "sgd", "momentum": "sgd"}
"""Names on TensorFlow, by which PyTorch's are found too."""

_OTHER_ARGUMENTS = {"epsilon": "eps", "beta1": "betas", "beta2": "betas", "use_nesterov": "nesterov"}
"""Arguments on TensorFlow that are taken for those of PyTorch."""


def check_optimizer(options: Mapping[str, Any], engine: str) -> None:
    """
    Finds out that there is no such optimizer, or that it takes no such argument.

    :param options: of a training; without ``optimizer`` there is nothing to find
    :param engine: "tensorflow" or "torch"
    :raises ValueError: with what there is
    """
    optimizer = options.get("optimizer")
    if isinstance(optimizer, str):
        optimizer = {"class": optimizer}
    if not isinstance(optimizer, Mapping):
        return
    name = optimizer.get("class")
    if name is None:
        raise ValueError(f'the optimizer {dict(optimizer)!r} has no "class", as "adam"')
    if not isinstance(name, str) or is_delayed(name) or "." in name:
        return
    known = OPTIMIZERS[engine]
    found = OTHER_NAMES.get(name.lower(), name.lower()) if engine == "torch" else name.lower()
    if found not in known:
        raise ValueError(
            f"there is no optimizer {name!r} in RETURNN with engine={engine!r}.{did_you_mean(name, known)} There are: "
            f"{', '.join(sorted(known))}" + (", and classes by their whole name" if engine == "torch" else "")
        )
    _check_arguments(name, optimizer, {*known[found], *_OF_RETURNN[engine]}, engine)


def _check_arguments(name: str, optimizer: Mapping[str, Any], taken: set[str], engine: str) -> None:
    if engine == "torch":
        taken |= {other for other, own in _OTHER_ARGUMENTS.items() if own in taken}
    for argument in optimizer:
        if argument in ("learning_rate", "lr"):
            raise ValueError(f'{argument} stands beside "optimizer" in the config, as learning_rate, not in it')
        if argument not in taken:
            shown = sorted(taken - {"class", "learning_rate", "defaults", "name"})
            raise ValueError(
                f"the optimizer {name!r} takes no {argument!r} with engine={engine!r}."
                f"{did_you_mean(argument, taken)} It takes: {', '.join(shown)}"
            )
