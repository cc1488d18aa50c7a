"""The engines that a network can be written for."""

from __future__ import annotations

from .errors import NetworkError, did_you_mean

ENGINES = ("tensorflow", "torch")
"""RETURNN on TensorFlow, with net dicts, and on PyTorch."""


def check_engine(engine: str) -> str:
    """
    The name of an engine.

    :raises NetworkError: if it is none
    """
    if engine not in ENGINES:
        alike = did_you_mean(engine, ENGINES) if isinstance(engine, str) else ""
        raise NetworkError(f"the engine is one of {', '.join(map(repr, ENGINES))}, not {engine!r}.{alike}")
    return engine
