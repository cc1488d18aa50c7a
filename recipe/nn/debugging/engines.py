"""The engines that a network is compared with."""

from __future__ import annotations

from collections.abc import Iterable

from ..plain.engine import check_engine
from .engine import Engine
from .returnn_network import TensorFlow
from .torch_network import Torch

ENGINES: tuple[Engine, ...] = (TensorFlow(), Torch())


def chosen_engines(names: Iterable[str] | None) -> list[Engine]:
    """
    The engines of these names; all of them without names.

    :raises NetworkError: if one has no such name
    """
    if names is None:
        return list(ENGINES)
    wanted = [check_engine(name) for name in ([names] if isinstance(names, str) else names)]
    return [engine for engine in ENGINES if engine.name in wanted]
