"""Names and kinds of RETURNN's options, so that ``lerning_rate`` is told before anything is queued."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe.nn.plain.delayed import is_delayed
from recipe.nn.plain.errors import did_you_mean

from .tables import OPTIONS, RETURNN_VERSION

_allowed: set[str] = set()

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "bool": ((bool, int), "True or False"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
}


def allow_options(*names: str) -> None:
    """
    Lets options through that this version of RETURNN does not read: those of a newer one, or of code of your own.

    :param names: of the options; a config calls this before it makes its jobs
    """
    _allowed.update(names)


def check_names(options: Mapping[str, Any]) -> None:
    """
    Finds out that RETURNN reads no such option, or reads another kind of value.

    :param options: RETURNN options
    :raises ValueError: for an option that RETURNN does not read
    :raises TypeError: for a value of another kind
    """
    for name, value in options.items():
        if name in _allowed or not isinstance(name, str):
            continue
        if name not in OPTIONS:
            raise ValueError(
                f"RETURNN {RETURNN_VERSION} reads no option {name!r}.{did_you_mean(name, OPTIONS)} One of a newer "
                f"RETURNN, or of code of your own, is let through by jobs.options.names.allow_options({name!r})"
            )
        _check_kind(name, value)


def _check_kind(name: str, value: Any) -> None:
    if OPTIONS[name] not in _KINDS or value is None or is_delayed(value):
        return
    kinds, wanted = _KINDS[OPTIONS[name]]
    if isinstance(value, kinds) or (OPTIONS[name] == "float" and _is_number(value)) or _is_code(value):
        return
    raise TypeError(f"RETURNN's option {name} is {wanted}, not {value!r}")


def _is_number(value: Any) -> bool:
    """Whether it is text that RETURNN reads as a number, as ``"1e-3"``."""
    try:
        return isinstance(value, str) and float(value) == float(value)
    except ValueError:
        return False


def _is_code(value: Any) -> bool:
    """Whether it is Python code for the config, whose value is known there alone."""
    return not isinstance(value, (bool, int, float, str, list, tuple, dict, set, frozenset))
