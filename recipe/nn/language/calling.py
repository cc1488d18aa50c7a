"""Calling a user's forward: arguments that do not fit, and states that would start anew in each step."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..ops.constants import constant_value
from ..plain.errors import NetworkError, warn
from ..plain.structure import flatten
from ..record.graph import Tensor
from ..record.recording import Recording


def call(function: Callable[..., Any], args: tuple, kwargs: dict[str, Any]) -> Any:
    """
    ``function(*args, **kwargs)``.

    :raises NetworkError: if it takes other arguments; what it takes, and what does not fit
    """
    try:
        return function(*args, **kwargs)
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
            raise  # from within
        what = str(error).partition("() ")[2] or str(error)
        message = f"{_name(function)}{_parameters(function)} {what}"
    raise NetworkError(message)


def _name(function: Callable[..., Any]) -> str:
    """``Linear.forward``, ``model``."""
    name: str = getattr(function, "__qualname__", type(function).__name__)
    return ".".join(name.rpartition("<locals>.")[2].split(".")[-2:])


def _parameters(function: Callable[..., Any]) -> str:
    try:
        return (
            "("
            + ", ".join(str(p.replace(annotation=p.empty)) for p in inspect.signature(function).parameters.values())
            + ")"
        )
    except (TypeError, ValueError):
        return "(...)"


def warn_of_state_that_starts_anew(module: Any, args: tuple, kwargs: dict[str, Any], recording: Recording) -> None:
    """
    Tells of a module in a loop whose argument ``state`` is constant, so that it starts anew in each step.

    One that gets a whole sequence is not meant: it goes over all steps itself.
    """
    state = kwargs["state"] if "state" in kwargs else _argument(module, "state", args)
    parts = [part for _, part in flatten(state) if isinstance(part, Tensor)]
    if not parts or not all(_is_constant(part) for part in parts):
        return
    if any(isinstance(x, Tensor) and any(dim.is_dynamic for dim in x.known_dims or ()) for x in args):
        return
    warn_that_state_starts_anew(module, parts, recording)


def warn_that_state_starts_anew(module: Any, parts: list[Tensor], recording: Recording) -> None:
    """
    Tells it, once for each state.

    :param parts: the tensors of the state
    """
    if recording.warned_states.issuperset(parts):
        return
    recording.warned_states.update(parts)
    path = recording.names.path_if_known(module) or ""
    name = next((part for part in reversed(path.split("/")) if part.isidentifier()), "cell")
    warn(
        f"{type(module).__name__} gets the same state in each step of the loop, so it remembers nothing. Before the "
        f"loop body: loop.state.{name} = {name}.initial_state(); in it: y, loop.state.{name} = "
        f"{name}(x, loop.state.{name})"
    )


def _is_constant(tensor: Tensor) -> bool:
    return constant_value(tensor) is not None and bool(tensor.known_dims)


def _argument(module: Any, name: str, args: tuple) -> Any:
    code = getattr(type(module).forward, "__code__", None)
    names = code.co_varnames[1 : code.co_argcount] if code is not None else ()
    position = names.index(name) if name in names else len(args)
    return args[position] if position < len(args) else None
