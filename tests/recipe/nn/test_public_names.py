"""What an editor shows of the language: every public name has a docstring, and its arguments have types."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from recipe import nn


def callables() -> Iterator[tuple[str, Any]]:
    """All public functions, and the public methods of public classes."""
    for name in nn.__all__:
        value = getattr(nn, name)
        if inspect.isfunction(value):
            yield name, value
        elif inspect.isclass(value):
            for method, member in vars(value).items():
                if inspect.isfunction(member) and (method == "__init__" or not method.startswith("_")):
                    yield f"{name}.{method}", member


def test_all_names_are_listed_once_in_order() -> None:
    assert sorted(set(nn.__all__)) == nn.__all__
    assert not [name for name in nn.__all__ if not hasattr(nn, name)]


def test_docstrings() -> None:
    values = {name: getattr(nn, name) for name in nn.__all__}
    documented = [name for name, value in values.items() if inspect.isfunction(value) or inspect.isclass(value)]
    assert len(documented) > 80
    assert not [name for name in documented if not values[name].__doc__]
    assert not [name for name, function in callables() if not name.endswith("__init__") and not function.__doc__]


def test_arguments_and_results_have_types() -> None:
    bare = []
    for name, function in callables():
        signature = inspect.signature(function)
        bare += [
            f"{name}({parameter.name})"
            for parameter in signature.parameters.values()
            if parameter.name != "self" and parameter.annotation is parameter.empty
        ]
        if not name.endswith("__init__") and signature.return_annotation is signature.empty:
            bare.append(f"{name} ->")
    assert not bare
