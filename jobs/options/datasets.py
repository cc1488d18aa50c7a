"""The options of a dataset: its class, its arguments, and files by plain names."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from recipe.nn.plain.errors import did_you_mean

from .dataset_table import DATASETS

_ORDERS = (
    *("default", "default_every_n", "reverse", "reversed", "sorted", "sorted_reverse", "random", "random_sample"),
    *("sort_bin_shuffle", "sort_bin_shuffle_x2", "laplace", "random_dataset", "interleave"),
)
"""RETURNN's, the last two and "reversed" those of CombinedDataset; numbers may be behind a colon."""

_LOG = logging.getLogger("jobs")


def check_dataset(options: Any, what: str) -> None:
    """
    Finds out that RETURNN has no such dataset, or that it takes no such argument; says which files are not there.

    :param options: of a dataset; those inside of it are looked at too. Python code is left alone
    :param what: for messages, as "train_data"
    :raises ValueError: for a class or an argument that there is not
    """
    if not isinstance(options, Mapping):
        return
    name = options.get("class")
    if name is None:
        raise ValueError(f'{what} has no "class", as "HDFDataset": {_shortened(options)}')
    if isinstance(name, str) and "." not in name:
        if name not in DATASETS:
            raise ValueError(f"{what}: RETURNN has no dataset {name!r}.{did_you_mean(name, DATASETS)}")
        for argument in options:
            if argument != "class" and argument not in DATASETS[name]:
                raise ValueError(
                    f"{what}: {name} takes no {argument!r}.{did_you_mean(str(argument), DATASETS[name])} It takes: "
                    f"{', '.join(one for one in DATASETS[name] if not one.startswith('_'))}"
                )
    _check_order(options, what)
    for key, value in options.items():
        _check_part(value, f"{what}[{key!r}]")


def _check_order(options: Mapping[str, Any], what: str) -> None:
    """The order of sequences, and into how many epochs they are divided."""
    order = options.get("seq_ordering")
    if isinstance(order, str) and order.partition(":")[0] not in _ORDERS:
        raise ValueError(
            f"{what}: RETURNN has no seq_ordering={order!r}.{did_you_mean(order.partition(':')[0], _ORDERS)} "
            f"There are: {', '.join(_ORDERS)}"
        )
    for key in ("partition_epoch", "repeat_epoch"):
        number = options.get(key)
        if isinstance(number, int) and number < 1:
            raise ValueError(f"{what}: {key} is a number from 1 on, not {number}")


def _check_part(value: Any, what: str) -> None:
    """Datasets inside, and files that are named by text."""
    if isinstance(value, Mapping):
        if isinstance(value.get("class"), str) and (value["class"].endswith("Dataset") or value["class"] in DATASETS):
            check_dataset(value, what)
        else:
            for key, item in value.items():
                _check_part(item, f"{what}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            _check_part(item, f"{what}[{number}]")
    elif type(value) is str and os.path.isabs(value) and not os.path.exists(value):
        _LOG.warning(f"{what} names {value}, which is not there. As tk.Path it would be an input of the job")


def _shortened(options: Mapping[str, Any]) -> str:
    text = repr(dict(options))
    return text if len(text) < 200 else f"{text[:200]} ..."
