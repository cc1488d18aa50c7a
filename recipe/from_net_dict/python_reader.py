"""A config in Python, read without running it: assignments, branches, loops over known values, plain functions."""

from __future__ import annotations

import ast
from typing import Any

from .python_expressions import Expressions, bind
from .python_values import KNOWN_NAMES, CannotRead, Function, Unreadable

_MOST_STATEMENTS = 200_000


def read_python(text: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """
    The names that a config defines, with their values; an :class:`Unreadable` where running it would be needed.

    Nothing of it is run: its syntax tree is gone through, with a fixed list of functions that have no effects.

    :param options: what ``config.value(name, default)`` gives in place of the default
    :raises SyntaxError: if it is no Python
    """
    names = dict(KNOWN_NAMES)
    _Reader(options or {}).run(ast.parse(text).body, names)
    return {name: value for name, value in names.items() if KNOWN_NAMES.get(name) is not value}


class _Returned(Exception):
    """A function has told its value."""


class _Reader:
    def __init__(self, options: dict[str, Any]):
        self.expressions = Expressions(options, self._call)
        self.count = 0

    def run(self, statements: list[ast.stmt], names: dict[str, Any], *, strict: bool = False) -> None:
        """
        Goes through statements.

        :param strict: whether one that cannot be read ends it, as in a function; else the names in it are not known
        """
        for statement in statements:
            self.count += 1
            if self.count > _MOST_STATEMENTS:
                raise CannotRead(statement, f"more than {_MOST_STATEMENTS:,} statements")
            try:
                self._statement(statement, names, strict)
            except CannotRead as error:
                if strict:
                    raise
                for name in _assigned(statement):
                    names[name] = Unreadable(error.line, error.why)

    def _statement(self, statement: ast.stmt, names: dict[str, Any], strict: bool) -> None:
        value = self.expressions.value
        if isinstance(statement, ast.Assign):
            given = value(statement.value, names)
            for target in statement.targets:
                self._assign(target, given, names)
        elif isinstance(statement, ast.AnnAssign):
            if statement.value is not None:
                self._assign(statement.target, value(statement.value, names), names)
        elif isinstance(statement, ast.AugAssign):
            binary = ast.copy_location(ast.BinOp(_loaded(statement.target), statement.op, statement.value), statement)
            self._assign(statement.target, value(binary, names), names)
        elif isinstance(statement, ast.FunctionDef):
            names[statement.name] = Function(statement, names)
        elif isinstance(statement, ast.Return):
            raise _Returned(value(statement.value, names) if statement.value is not None else None)
        elif isinstance(statement, ast.If):
            self.run(statement.body if value(statement.test, names) else statement.orelse, names, strict=strict)
        elif isinstance(statement, ast.For):
            for item in list(value(statement.iter, names)):
                bind(statement.target, item, names)
                self.run(statement.body, names, strict=strict)
        elif isinstance(statement, ast.Expr):
            self._expression(statement, names)
        elif isinstance(statement, ast.Delete):
            raise CannotRead(statement, "del is not read")
        elif not isinstance(statement, (ast.Import, ast.ImportFrom, ast.Pass, ast.Assert, ast.Global)):
            raise CannotRead(statement, f"a {type(statement).__name__} statement is not read")

    def _expression(self, statement: ast.Expr, names: dict[str, Any]) -> None:
        """A docstring, or a call that changes a value of the config; what is outside of it does not count."""
        call = statement.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            root: ast.expr = call.func.value
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            if isinstance(root, ast.Name) and root.id in names:
                self.expressions.value(call, names)

    def _assign(self, target: ast.expr, given: Any, names: dict[str, Any]) -> None:
        if isinstance(target, ast.Subscript):
            self.expressions.value(target.value, names)[self.expressions.value(target.slice, names)] = given
        elif not isinstance(target, ast.Attribute):  # such as the vocabulary of a dim
            bind(target, given, names)

    def _call(self, function: Function, node: ast.Call, arguments: list, named: dict) -> Any:
        """What a function of the config gives."""
        definition = function.definition
        parameters = definition.args
        positional = [*parameters.posonlyargs, *parameters.args]
        if parameters.vararg or parameters.kwarg or len(arguments) > len(positional):
            raise CannotRead(node, f"the arguments of {definition.name} are not read")
        inner: dict[str, Any] = dict(function.names)
        defaults = zip(reversed(positional), reversed(parameters.defaults))
        keyword_only = ((one, other) for one, other in zip(parameters.kwonlyargs, parameters.kw_defaults) if other)
        for parameter, default in [*defaults, *keyword_only]:
            inner[parameter.arg] = self.expressions.value_or_gap(default, inner)
        inner.update({parameter.arg: value for parameter, value in zip(positional, arguments)})
        inner.update(named)
        try:
            self.run(definition.body, inner, strict=True)
        except _Returned as returned:
            return returned.args[0]
        except RecursionError as error:
            raise CannotRead(node, f"{definition.name} calls itself without end") from error
        return None


def _assigned(statement: ast.stmt) -> set[str]:
    """The names that a statement, or one in it, would change."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            root: ast.expr = node
            while isinstance(root, (ast.Subscript, ast.Attribute)):
                root = root.value
            found |= {root.id} if isinstance(root, ast.Name) and isinstance(node, ast.Subscript) else set()
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        root = statement.value.func
        while isinstance(root, (ast.Subscript, ast.Attribute)):
            root = root.value
        found |= {root.id} if isinstance(root, ast.Name) else set()
    return found


def _loaded(target: ast.expr) -> ast.expr:
    """What is assigned to, as it is read."""
    return ast.parse(ast.unparse(target), mode="eval").body
