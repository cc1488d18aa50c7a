"""
Options of RETURNN as plain values, before a job is hashed.

What is hashed is then what will stand in the config: ``numpy.linspace(...)`` gives the job that its numbers as a list
give, and what would not come out of the config as it was put in is refused at the line that asks for the job.
"""

from __future__ import annotations

import ast
import functools
import inspect
from typing import Any

import numpy
from sisyphus import tk

from recipe.nn.plain.delayed import is_delayed
from recipe.nn.plain.dim import Dim
from recipe.nn.plain.formula import Formula
from recipe.nn.plain.python_source import PythonCode

_PLAIN = frozenset({type(None), bool, int, float, str})
_CONTAINERS = (list, tuple, set, frozenset)
_WRITTEN = (PythonCode, Dim, Formula, tk.AbstractPath)
_LONGEST = 100


def plain_arguments(job_class: Any, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """
    The arguments of a job, with its options as plain values, and NumPy's numbers as Python's wherever they stand alone.

    :param job_class: ``returnn_options`` of it are the names of arguments that go into a config
    :raises TypeError: for an option that a config cannot hold as it is
    """
    names = _parameters(job_class.__init__)[1:]
    plain = [_argument(job_class, name, value) for name, value in zip(names, args)]
    return (*plain, *args[len(plain) :]), {name: _argument(job_class, name, value) for name, value in kwargs.items()}


def _argument(job_class: Any, name: str, value: Any) -> Any:
    if name in job_class.returnn_options:
        try:
            return plain_option(value, name)
        except TypeError as error:
            raise TypeError(f"{job_class.__name__}: {error}") from None
    return value.item() if isinstance(value, numpy.generic) else value


def plain_option(value: Any, place: str) -> Any:
    """
    An option as plain values: numbers and text, lists and dicts of them; paths, variables and Python code as they are.

    :param value: the option; it is left as it is, and is given back itself if all of it is plain
    :param place: where it stands, for messages: ``config['learning_rates']``
    :raises TypeError: for what a config cannot hold as it is
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if isinstance(value, (numpy.generic, numpy.ndarray)):
        return plain_option(_of_numpy(value, place), place)
    if isinstance(value, dict):
        return _plain_dict(value, place)
    if kind in _CONTAINERS:
        option = _hashable_option if kind in (set, frozenset) else plain_option
        items = [option(item, f"{place}[{number}]") for number, item in enumerate(value)]
        return value if all(new is old for new, old in zip(items, value)) else kind(items)
    if isinstance(value, _WRITTEN) or is_delayed(value) or _reads_back(value):
        return value
    raise _refusal(value, place, _advice(value))


def _plain_dict(value: Any, place: str) -> Any:
    items = {
        _hashable_option(key, f"a key of {place}"): plain_option(item, f"{place}[{key!r}]")
        for key, item in value.items()
    }
    if all(key is old and items[key] is value[old] for key, old in zip(items, value)) and len(items) == len(value):
        return value
    twin = value.copy()  # of the same type, whose name is hashed
    twin.clear()
    twin.update(items)
    return twin


def _hashable_option(value: Any, place: str) -> Any:
    """A key of a dict, or an item of a set: plain, as paths and variables are replaced in values alone."""
    plain = plain_option(value, place)
    if isinstance(plain, tuple):
        for item in plain:
            _hashable_option(item, place)
    elif type(plain) not in _PLAIN and not isinstance(plain, (Dim, PythonCode)) and not _reads_back(plain):
        raise _refusal(plain, place, "a number or text")
    return plain


def _of_numpy(value: Any, place: str) -> Any:
    """A number, text or list in place of NumPy's."""
    plain = value.dtype.names is None and (isinstance(value, numpy.generic) or type(value) is numpy.ndarray)
    found = value.tolist() if plain else value
    if isinstance(found, (numpy.generic, numpy.ndarray)):
        raise _refusal(value, place, "float(...) of a number, or a plain array's tolist()")
    return found


def _reads_back(value: Any) -> bool:
    """Whether a number or text of a derived type is written as itself; an enum's is not."""
    if not isinstance(value, (int, float, str)):
        return False
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, SyntaxError):
        return False


def _refusal(value: Any, place: str, advice: str) -> TypeError:
    try:
        text = " ".join(repr(value).split())
    except Exception:  # as that of an expression of variables whose values are not there yet
        text = object.__repr__(value)
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    return TypeError(
        f"{place} is {text}, of type {type(value).__module__}.{type(value).__qualname__}, which a config of RETURNN "
        f"would not hold as it is: give {advice}"
    )


def _advice(value: Any) -> str:
    if isinstance(value, tuple):
        return "tuple(...) of it"
    if hasattr(value, "value") and hasattr(value, "name"):
        return "its .value"
    if callable(value):
        return 'nn.PythonCode("...") with the expression that stands for it'
    if hasattr(value, "tolist"):
        return "its .tolist()"
    return "a number, text, list or dict of them, a tk.Path or tk.Variable, or nn.PythonCode(...)"


@functools.lru_cache(maxsize=1000)
def _parameters(function: Any) -> tuple[str, ...]:
    """Names of the parameters that can be given by position."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return tuple(name for name, item in inspect.signature(function).parameters.items() if item.kind in kinds)
