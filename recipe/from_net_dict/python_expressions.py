"""Expressions of a config, read without running it: literals, names, arithmetic, calls of known functions."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from typing import Any

from recipe.nn.plain.dim import Dim
from recipe.nn.plain.errors import NetworkError

from .python_names import METHODS
from .python_values import CannotRead, ConfigClass, Function, Instance, Names, Namespace, Super, Unreadable

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

    :param call: how a function of the config is called
    """

    def __init__(self, call: Callable[[Function, ast.Call, list, dict], Any]):
        self._call_function = call

    def value(self, node: ast.expr, names: Names) -> Any:
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
            raise CannotRead(node, f"{ast.unparse(node)[:80]}: {str(error)[:200]}") from error

    def value_or_gap(self, node: ast.expr, names: Names) -> Any:
        """The value, or an Unreadable in its place."""
        try:
            return self.value(node, names)
        except CannotRead as error:
            return Unreadable(error.line, error.why)

    def _constant(self, node: ast.Constant, names: Names) -> Any:
        return node.value

    def _name(self, node: ast.Name, names: Names) -> Any:
        if node.id not in names:
            raise CannotRead(node, f"{node.id} is not defined in this file, and imports are not followed")
        value = names[node.id]
        if isinstance(value, Unreadable):
            raise CannotRead(node, f"{node.id} is not known, because of line {value.line}: {value.why}")
        return value

    def _dict(self, node: ast.Dict, names: Names) -> dict:
        result: dict = {}
        for key, item in zip(node.keys, node.values):
            if key is None:
                result.update(self.value(item, names))
            else:
                result[self.value(key, names)] = self.value_or_gap(item, names)
        return result

    def _items(self, nodes: list[ast.expr], names: Names) -> Iterator[Any]:
        for node in nodes:
            if isinstance(node, ast.Starred):
                yield from self.value(node.value, names)
            else:
                yield self.value_or_gap(node, names)

    def _list(self, node: ast.List, names: Names) -> list:
        return list(self._items(node.elts, names))

    def _tuple(self, node: ast.Tuple, names: Names) -> tuple:
        return tuple(self._items(node.elts, names))

    def _set(self, node: ast.Set, names: Names) -> set:
        return set(self._items(node.elts, names))

    def _binop(self, node: ast.BinOp, names: Names) -> Any:
        left, right = self.value(node.left, names), self.value(node.right, names)
        sizes = [abs(x) if isinstance(x, (int, float)) else len(x) for x in (left, right) if not isinstance(x, Dim)]
        if isinstance(node.op, (ast.Mult, ast.Pow)) and any(size > _LARGEST for size in sizes):
            raise CannotRead(node, f"{ast.unparse(node)[:80]} is too large")
        return _BINARY[type(node.op)](left, right)

    def _unaryop(self, node: ast.UnaryOp, names: Names) -> Any:
        return _UNARY[type(node.op)](self.value(node.operand, names))

    def _boolop(self, node: ast.BoolOp, names: Names) -> Any:
        for operand in node.values[:-1]:
            value = self.value(operand, names)
            if bool(value) is isinstance(node.op, ast.Or):
                return value
        return self.value(node.values[-1], names)

    def _compare(self, node: ast.Compare, names: Names) -> bool:
        left = self.value(node.left, names)
        for kind, item in zip(node.ops, node.comparators):
            right = self.value(item, names)
            if not _COMPARE[type(kind)](left, right):
                return False
            left = right
        return True

    def _ifexp(self, node: ast.IfExp, names: Names) -> Any:
        return self.value(node.body if self.value(node.test, names) else node.orelse, names)

    def _subscript(self, node: ast.Subscript, names: Names) -> Any:
        container = self.value(node.value, names)
        if isinstance(node.slice, ast.Slice):
            parts = (node.slice.lower, node.slice.upper, node.slice.step)
            return container[slice(*(self.value(part, names) if part is not None else None for part in parts))]
        return container[self.value(node.slice, names)]

    def _attribute(self, node: ast.Attribute, names: Names) -> Any:
        value = self.value(node.value, names)
        if isinstance(value, Dim) and node.attr in ("dimension", "size", "name"):
            return getattr(value, node.attr)
        if isinstance(value, Namespace):
            return value.members[node.attr]
        if isinstance(value, ConfigClass):
            return value.find(node.attr)[1]
        if isinstance(value, (Instance, Super)):
            return self._attribute_of_instance(node, value)
        raise CannotRead(node, f"{ast.unparse(node)[:80]}: attributes are read of dims and objects of the config only")

    def _attribute_of_instance(self, node: ast.Attribute, value: Instance | Super) -> Any:
        """An attribute of its own, or a method or attribute of its class."""
        if isinstance(value, Super):
            instance, parents = value.instance, ConfigClass("super", value.owner.bases, {})
            if node.attr == "__init__" and not _has(parents, "__init__"):
                return lambda: None
            owner, found = parents.find(node.attr)
        elif node.attr in value.attributes:
            return value.attributes[node.attr]
        else:
            instance = value
            owner, found = value.kind.find(node.attr)
        if not isinstance(found, Function):
            return found
        decorators = {ast.unparse(one) for one in getattr(found.definition, "decorator_list", [])}
        if "staticmethod" in decorators:
            return found
        receiver: Any = instance.kind if "classmethod" in decorators else instance
        method = Function(found.definition, found.names, receiver, owner)
        if "property" in decorators:
            return self._call_function(method, ast.copy_location(ast.Call(node, [], []), node), [], {})
        return method

    def _lambda(self, node: ast.Lambda, names: Names) -> Function:
        return Function(node, names)

    def _joinedstr(self, node: ast.JoinedStr, names: Names) -> str:
        return "".join(str(self.value(part, names)) for part in node.values)

    def _formattedvalue(self, node: ast.FormattedValue, names: Names) -> str:
        form = self.value(node.format_spec, names) if node.format_spec is not None else ""
        value = self.value(node.value, names)
        return format(repr(value) if node.conversion == ord("r") else value, form)

    def _listcomp(self, node: ast.ListComp, names: Names) -> list:
        return [self.value_or_gap(node.elt, inner) for inner in self._inner(node.generators, names)]

    _generatorexp = _listcomp

    def _dictcomp(self, node: ast.DictComp, names: Names) -> dict:
        inner = self._inner(node.generators, names)
        return {self.value(node.key, one): self.value_or_gap(node.value, one) for one in inner}

    def _inner(self, generators: list[ast.comprehension], names: Names) -> Iterator[Names]:
        if not generators:
            yield names
            return
        first, *rest = generators
        for item in self.value(first.iter, names):
            inner = names.inside()
            bind(first.target, item, inner)
            if all(self.value(test, inner) for test in first.ifs):
                yield from self._inner(rest, inner)

    def _call(self, node: ast.Call, names: Names) -> Any:
        arguments = list(self._items(node.args, names))
        named: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.value_or_gap(keyword.value, names)
            named.update(value if keyword.arg is None else {keyword.arg: value})
        if isinstance(node.func, ast.Name) and node.func.id == "super" and "super" not in names:
            return Super(names["__class__"], names["__instance__"])
        function = self._method(node, names) or self.value(node.func, names)
        if isinstance(function, Function):
            return self._call_function(function, node, arguments, named)
        if isinstance(function, ConfigClass):
            return self._instance(function, node, arguments, named)
        if isinstance(function, Namespace):
            function = function.members["__call__"]
        gap = next((item for item in [*arguments, *named.values()] if isinstance(item, Unreadable)), None)
        if gap is not None and getattr(function, "__name__", "") not in _TAKE_GAPS:
            raise CannotRead(node, f"because of line {gap.line}: {gap.why}")
        if function is range and any(isinstance(item, int) and abs(item) > _LARGEST for item in arguments):
            raise CannotRead(node, f"{ast.unparse(node)[:80]} is too large")
        if function is isinstance and len(arguments) == 2 and isinstance(arguments[1], ConfigClass):
            return isinstance(arguments[0], Instance) and arguments[0].kind is arguments[1]
        return function(*arguments, **named)

    def _instance(self, kind: ConfigClass, node: ast.Call, arguments: list, named: dict) -> Instance:
        instance = Instance(kind)
        if _has(kind, "__init__"):
            owner, function = kind.find("__init__")
            self._call_function(Function(function.definition, function.names, instance, owner), node, arguments, named)
        return instance

    def _method(self, node: ast.Call, names: Names) -> Callable[..., Any] | None:
        """The method of a plain value, such as ``update`` of a dict; None if it is something else that is called."""
        if not isinstance(node.func, ast.Attribute):
            return None
        value = self.value(node.func.value, names)
        for kind, methods in METHODS.items():
            if isinstance(value, kind) and node.func.attr in methods:
                return getattr(value, node.func.attr)
        if isinstance(value, (Namespace, ConfigClass, Instance, Super)):
            return None
        raise CannotRead(node, f"{ast.unparse(node.func)[:80]}(...) is not called")


_TAKE_GAPS = ("update", "append", "setdefault", "insert", "dict", "deepcopy", "copy", "str", "len", "get")
"""Functions that also take what cannot be told, which then stands where it is put."""


def _has(kind: ConfigClass, name: str) -> bool:
    try:
        kind.find(name)
    except AttributeError:
        return False
    return True


def bind(target: ast.expr, value: Any, names: Names) -> None:
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
