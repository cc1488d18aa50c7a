"""Expressions of a config, read without running it: literals, names, arithmetic, calls of known functions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from recipe.nn.plain.dim import Dim
from recipe.nn.plain.errors import NetworkError

from .python_values import METHODS, CannotRead, Function, Unreadable

_LARGEST = 1_000_000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.BitOr: operator.or_,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda item, container: item in container,
    ast.NotIn: lambda item, container: item not in container,
}


class Expressions:
    """
    Tells the values of expressions.

    :param options: what ``config.value(name, default)`` gives, by name
    :param call: how a function of the config is called
    """

    def __init__(self, options: dict[str, Any], call: Callable[[Function, ast.Call, list, dict], Any]):
        self._options, self._call_function = options, call

    def value(self, node: ast.expr, names: dict[str, Any]) -> Any:
        """
        The value of an expression.

        :raises CannotRead: if only running it would tell
        """
        method = getattr(self, f"_{type(node).__name__.lower()}", None)
        if method is None:
            raise CannotRead(node, f"a {type(node).__name__} is not read: {ast.unparse(node)[:80]}")
        try:
            value = method(node, names)
            if isinstance(value, Unreadable):
                raise CannotRead(node, f"because of line {value.line}: {value.why}")
            return value
        except (ArithmeticError, AttributeError, LookupError, NetworkError, TypeError, ValueError) as error:
            raise CannotRead(node, f"{ast.unparse(node)[:80]}: {error}") from error

    def value_or_gap(self, node: ast.expr, names: dict[str, Any]) -> Any:
        """The value, or an Unreadable in its place."""
        try:
            return self.value(node, names)
        except CannotRead as error:
            return Unreadable(error.line, error.why)

    def _constant(self, node: ast.Constant, names: dict[str, Any]) -> Any:
        return node.value

    def _name(self, node: ast.Name, names: dict[str, Any]) -> Any:
        if node.id not in names:
            raise CannotRead(node, f"{node.id} is not defined in this file, and imports are not followed")
        value = names[node.id]
        if isinstance(value, Unreadable):
            raise CannotRead(node, f"{node.id} is not known, because of line {value.line}: {value.why}")
        return value

    def _dict(self, node: ast.Dict, names: dict[str, Any]) -> dict:
        result: dict = {}
        for key, item in zip(node.keys, node.values):
            if key is None:
                result.update(self.value(item, names))
            else:
                result[self.value(key, names)] = self.value_or_gap(item, names)
        return result

    def _items(self, nodes: list[ast.expr], names: dict[str, Any]) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.value(node.value, names)
            else:
                yield self.value_or_gap(node, names)

    def _list(self, node: ast.List, names: dict[str, Any]) -> list:
        return list(self._items(node.elts, names))

    def _tuple(self, node: ast.Tuple, names: dict[str, Any]) -> tuple:
        return tuple(self._items(node.elts, names))

    def _set(self, node: ast.Set, names: dict[str, Any]) -> set:
        return set(self._items(node.elts, names))

    def _binop(self, node: ast.BinOp, names: dict[str, Any]) -> Any:
        left, right = self.value(node.left, names), self.value(node.right, names)
        sizes = [abs(x) if isinstance(x, (int, float)) else len(x) for x in (left, right) if not isinstance(x, Dim)]
        if isinstance(node.op, (ast.Mult, ast.Pow)) and any(size > _LARGEST for size in sizes):
            raise CannotRead(node, f"{ast.unparse(node)[:80]} is too large")
        return _BINARY[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp, names: dict[str, Any]) -> Any:
        return _UNARY[type(node.op)](self.value(node.operand, names))

    def _boolop(self, node: ast.BoolOp, names: dict[str, Any]) -> Any:
        for operand in node.values[:-1]:
            value = self.value(operand, names)
            if bool(value) is isinstance(node.op, ast.Or):
                return value
        return self.value(node.values[-1], names)

    def _compare(self, node: ast.Compare, names: dict[str, Any]) -> bool:
        left = self.value(node.left, names)
        for kind, item in zip(node.ops, node.comparators):
            right = self.value(item, names)
            if not _COMPARE[type(kind)](left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp, names: dict[str, Any]) -> Any:
        return self.value(node.body if self.value(node.test, names) else node.orelse, names)

    def _subscript(self, node: ast.Subscript, names: dict[str, Any]) -> Any:
        container = self.value(node.value, names)
        if isinstance(node.slice, ast.Slice):
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            return container[slice(*(self.value(part, names) if part is not None else None for part in parts))]
        return container[self.value(node.slice, names)]

    def _attribute(self, node: ast.Attribute, names: dict[str, Any]) -> Any:
        value = self.value(node.value, names)
        if isinstance(value, Dim) and node.attr in ("dimension", "size", "name"):
            return getattr(value, node.attr)
        raise CannotRead(node, f"{ast.unparse(node)[:80]}: attributes are read of dims only")

    def _joinedstr(self, node: ast.JoinedStr, names: dict[str, Any]) -> str:
        return "".join(str(self.value(part, names)) for part in node.values)

    def _formattedvalue(self, node: ast.FormattedValue, names: dict[str, Any]) -> str:
        form = self.value(node.format_spec, names) if node.format_spec is not None else ""
        value = self.value(node.value, names)
        return format(repr(value) if node.conversion == ord("r") else value, form)

    def _listcomp(self, node: ast.ListComp, names: dict[str, Any]) -> list:
        return [self.value_or_gap(node.elt, inner) for inner in self._inner(node.generators, names)]

    _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp, names: dict[str, Any]) -> dict:
        inner = self._inner(node.generators, names)
        return {self.value(node.key, one): self.value_or_gap(node.value, one) for one in inner}

    def _inner(self, generators: list[ast.comprehension], names: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if not generators:
            yield names
            return
        first, *rest = generators
        for item in self.value(first.iter, names):
            inner = dict(names)
            bind(first.target, item, inner)
            if all(self.value(test, inner) for test in first.ifs):
                yield from self._inner(rest, inner)

    def _call(self, node: ast.Call, names: dict[str, Any]) -> Any:
        arguments = list(self._items(node.args, names))
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value_or_gap(keyword.value, names)
            named.update(value if keyword.arg is None else {keyword.arg: value})
        if isinstance(node.func, ast.Attribute):
            return self._call_method(node, node.func, arguments, named, names)
        function = self.value(node.func, names)
        if isinstance(function, Function):
            return self._call_function(function, node, arguments, named)
        gap = next((item for item in arguments if isinstance(item, Unreadable)), None)
        if gap is not None:
            raise CannotRead(node, f"because of line {gap.line}: {gap.why}")
        if function is range and any(isinstance(item, int) and abs(item) > _LARGEST for item in arguments):
            raise CannotRead(node, f"{ast.unparse(node)[:80]} is too large")
        return function(*arguments, **named)

    def _call_method(
        self, node: ast.Call, function: ast.Attribute, arguments: list, named: dict, names: dict[str, Any]
    ) -> Any:
        if isinstance(function.value, ast.Name) and function.value.id == "config" and "config" not in names:
            name, default = (*arguments, None)[:2]
            return self._options.get(name, default)
        value = self.value(function.value, names)
        for kind, methods in METHODS.items():
            if isinstance(value, kind) and function.attr in methods:
                return getattr(value, function.attr)(*arguments, **named)
        raise CannotRead(node, f"{ast.unparse(function)[:80]}(...) is not called")


def bind(target: ast.expr, value: Any, names: dict[str, Any]) -> None:
    """
    Gives a value to a name, or several to several.

    :raises CannotRead: if it is something else that is assigned to
    """
    if isinstance(target, ast.Name):
        names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        values = [value] * len(target.elts) if isinstance(value, Unreadable) else list(value)
        if len(values) != len(target.elts):
            raise CannotRead(target, f"{len(target.elts)} names for {len(values)} values")
        for name, item in zip(target.elts, values):
            bind(name, item, names)
    else:
        raise CannotRead(target, f"{ast.unparse(target)[:80]} is not assigned to")
