"""The arguments of a call by the names of the parameters."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def call_arguments(function: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
    """
    What each parameter of a function gets in a call, defaults included.

    :raises TypeError: if the function does not take these arguments, as the call itself would
    """
    try:
        bound = _signature(function).bind(*args, **kwargs)
    except TypeError:
        return inspect.getcallargs(function, *args, **kwargs)  # whose message is the one that Python gives
    bound.apply_defaults()
    return dict(bound.arguments)


@functools.lru_cache(maxsize=10_000)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    """The signature of a function itself, not of what it wraps; kept, as thousands of jobs are of one class."""
    return inspect.signature(function, follow_wrapped=False)
