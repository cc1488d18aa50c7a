"""Arguments by name, as Python's own getcallargs gives them."""

from __future__ import annotations

import functools
import inspect
from typing import Any

import pytest

from localsis.call_arguments import call_arguments


def plain(a: Any, b: Any = 2, *rest: Any, c: Any = (3,), **more: Any) -> None: ...


def positional(a: Any, /, b: Any) -> None: ...


@functools.wraps(plain)
def wrapping(*args: Any, **kwargs: Any) -> None: ...


@pytest.mark.parametrize("function", [plain, positional, wrapping])
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((1,), {}), ((1, 5, 6, 7), {"d": 8}), ((1,), {"b": None, "c": 4}), ((), {}), ((1, 2), {"a": 1}), ((), {"z": 1})],
)
def test_like_getcallargs(function: Any, args: tuple, kwargs: dict[str, Any]) -> None:
    try:
        expected: Any = inspect.getcallargs(function, *args, **kwargs)
    except TypeError as error:
        with pytest.raises(TypeError) as raised:
            call_arguments(function, *args, **kwargs)
        assert str(raised.value) == str(error)
    else:
        assert call_arguments(function, *args, **kwargs) == expected
