"""What a function of a config sees when it is called."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .python_values import CannotRead, Function, Names


def names_in_call(
    function: Function,
    node: ast.Call,
    arguments: list,
    named: dict,
    value_of: Callable[[ast.expr, Names], Any],
) -> Names:
    """
    The names that a function sees when it is called.

    :param node: the call
    :param value_of: tells the values of defaults
    :raises CannotRead: if it does not take these arguments, or needs more
    """
    parameters = function.definition.args
    positional = [*parameters.posonlyargs, *parameters.args]
    inner = function.names.inside()
    if function.instance is not None:
        arguments = [function.instance, *arguments]
        inner["__class__"], inner["__instance__"] = function.owner, function.instance
    defaults = zip(reversed(positional), reversed(parameters.defaults))
    keyword_only = ((one, other) for one, other in zip(parameters.kwonlyargs, parameters.kw_defaults) if other)
    for parameter, default in [*defaults, *keyword_only]:
        inner[parameter.arg] = value_of(default, function.names)
    inner.maps[0].update({parameter.arg: value for parameter, value in zip(positional, arguments)})
    known = {parameter.arg for parameter in [*positional, *parameters.kwonlyargs]}
    more = {name: value for name, value in named.items() if name not in known}
    rest = arguments[len(positional) :]
    if (more and parameters.kwarg is None) or (rest and parameters.vararg is None):
        what = f"the arguments {', '.join(more)}" if more else f"{len(arguments)} arguments"
        raise CannotRead(node, f"{function.name} does not take {what}")
    inner.maps[0].update({name: value for name, value in named.items() if name in known})
    if parameters.kwarg is not None:
        inner[parameters.kwarg.arg] = more
    if parameters.vararg is not None:
        inner[parameters.vararg.arg] = tuple(rest)
    missing = [name for name in known if name not in inner.maps[0]]
    if missing:
        raise CannotRead(node, f"{function.name} is called without {', '.join(sorted(missing))}")
    return inner
