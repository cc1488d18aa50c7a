"""The table of rules: the code of an op, by its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..plain.errors import NetworkError
from ..record.graph import Op
from .code import Code

Rule = Callable[[Any, Code], "str | Sequence[str]"]
"""
What writes an op: an expression for its result, or one that gives a tuple of all its results, or one for each of them.
"""

R = TypeVar("R", bound=Rule)

_RULES: dict[type[Op], Rule] = {}


def rule(kind: type[Op]) -> Callable[[R], R]:
    """Makes a function the rule for a class of ops."""

    def register(function: R) -> R:
        _RULES[kind] = function
        return function

    return register


def expressions_of(op: Op, code: Code) -> str | Sequence[str]:
    """
    The code of the results of an op.

    :raises NetworkError: if there is no rule for its class
    """
    known = _RULES.get(type(op))
    if known is None:
        raise NetworkError(f"PyTorch has no rule for {type(op).__name__}, {op.source}")
    return known(op, code)


def has_rule(kind: type[Op]) -> bool:
    """Whether there is a rule for a class of ops."""
    return kind in _RULES
