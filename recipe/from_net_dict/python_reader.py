"""A config in Python, read without running it: assignments, branches, loops over known values, plain functions."""

from __future__ import annotations

import ast
from typing import Any

from .python_assignments import assigned_names
from .python_calls import names_in_call
from .python_expressions import Expressions, bind
from .python_names import KNOWN_NAMES, MODULES
from .python_values import CannotRead, ConfigClass, Function, Instance, Names, Options, Unreadable

_MOST_STATEMENTS = 200_000
_MOST_STATEMENTS_OF_CALLS = 400_000
_MOST_CALLS = 60
_WITHOUT_EFFECT = ("print", "pprint", "better_repr")


def read_python(text: str, options: dict[str, Any] | None = None) -> dict[str, Any]:
    """
    The names that a config defines, with their values; an :class:`Unreadable` where running it would be needed.

    Nothing of it is run: its syntax tree is gone through, with a fixed list of functions that have no effects.

    :param options: what ``config.value(name, default)`` gives in place of the default
    :raises SyntaxError: if it is no Python
    """
    reader = Reader(options)
    reader.run(ast.parse(text).body)
    return reader.names()


class _Returned(Exception):
    """A function has told its value."""


class _LoopLeft(Exception):
    """A ``break``, or a ``continue``."""

    def __init__(self, is_break: bool):
        super().__init__()
        self.is_break = is_break


class Reader:
    """
    Goes through the syntax tree of a config.

    :param options: what ``config.value(name, default)`` gives in place of the default
    """

    def __init__(self, options: dict[str, Any] | None = None):
        self._expressions = Expressions(self.call)
        self._known = {**KNOWN_NAMES, "config": Options(dict(options or {}))}
        self._known["get_global_config"] = lambda: self._known["config"]
        self._names = Names(dict(self._known))
        self._count = self._depth = self._count_of_calls = 0

    def names(self) -> dict[str, Any]:
        """The names that the config defines so far."""
        return {name: value for name, value in self._names.items() if self._known.get(name) is not value}

    def run(self, statements: list[ast.stmt]) -> None:
        """Goes through statements of the config itself."""
        self._run(statements, self._names)

    def call_by_name(self, name: str, *arguments: Any, **named: Any) -> Any:
        """
        What a function of the config gives.

        :raises CannotRead: if only running it would tell
        """
        node = ast.Call(ast.Name(name, ast.Load()), [], [])
        ast.copy_location(node, self._names[name].definition)
        return self.call(self._names[name], node, list(arguments), named)

    def call_again(self, function: Function, **named: Any) -> Any:
        """
        What a function of the config gives, after all of it has been read: one network of several.

        :raises CannotRead: if only running it would tell, or if all calls together take too long
        """
        self._count_of_calls += self._count
        self._count = 0
        node = ast.copy_location(ast.Call(ast.Name(function.name, ast.Load()), [], []), function.definition)
        if self._count_of_calls > _MOST_STATEMENTS_OF_CALLS:
            raise CannotRead(node, f"{function.name}: more than {_MOST_STATEMENTS_OF_CALLS:,} statements")
        return self.call(function, node, [], named)

    def _run(self, statements: list[ast.stmt], names: Names, *, strict: bool = False) -> None:
        """
        Goes through statements.

        :param strict: whether one that cannot be read ends it, as in a function; else the names in it are not known
        """
        for statement in statements:
            self._count += 1
            if self._count > _MOST_STATEMENTS:
                raise CannotRead(statement, f"more than {_MOST_STATEMENTS:,} statements")
            try:
                self._statement(statement, names, strict)
            except CannotRead as error:
                if strict:
                    raise
                for name in assigned_names(statement):
                    names[name] = Unreadable(error.line, error.why)

    def _statement(self, statement: ast.stmt, names: Names, strict: bool) -> None:
        method = getattr(self, f"_{type(statement).__name__.lower()}", None)
        if method is None:
            raise CannotRead(statement, f"a {type(statement).__name__} statement is not read")
        method(statement, names, strict)

    def _pass(self, statement: ast.stmt, names: Names, strict: bool) -> None:
        """What has no effect on what is read."""

    _assert = _pass

    def _assign(self, statement: ast.Assign, names: Names, strict: bool) -> None:
        given = self._expressions.value(statement.value, names)
        for target in statement.targets:
            self._give(target, given, names)

    def _annassign(self, statement: ast.AnnAssign, names: Names, strict: bool) -> None:
        if statement.value is not None:
            self._give(statement.target, self._expressions.value(statement.value, names), names)

    def _augassign(self, statement: ast.AugAssign, names: Names, strict: bool) -> None:
        target = _loaded(statement.target)
        if isinstance(statement.op, ast.Add):
            known = self._expressions.value(target, names)
            if isinstance(known, list):  # which others may hold, too
                known.extend(self._expressions.value(statement.value, names))
                return
        binary = ast.copy_location(ast.BinOp(target, statement.op, statement.value), statement)
        self._give(statement.target, self._expressions.value(ast.fix_missing_locations(binary), names), names)

    def _functiondef(self, statement: ast.FunctionDef, names: Names, strict: bool) -> None:
        names[statement.name] = Function(statement, names)

    def _classdef(self, statement: ast.ClassDef, names: Names, strict: bool) -> None:
        bases = [self._expressions.value(base, names) for base in statement.bases]
        if statement.keywords or statement.decorator_list or not all(isinstance(one, ConfigClass) for one in bases):
            raise CannotRead(statement, f"class {statement.name} is made in a way that is not read")
        inside = names.inside()
        self._run(statement.body, inside, strict=True)
        attributes = dict(inside.maps[0])
        for name, value in attributes.items():
            if isinstance(value, Function) and value.names is inside:
                attributes[name] = Function(value.definition, names)  # methods do not see what the class defines
        names[statement.name] = ConfigClass(statement.name, bases, attributes)

    def _return(self, statement: ast.Return, names: Names, strict: bool) -> None:
        raise _Returned(self._expressions.value(statement.value, names) if statement.value is not None else None)

    def _raise(self, statement: ast.Raise, names: Names, strict: bool) -> None:
        raise CannotRead(statement, f"the config would end here: {ast.unparse(statement)[:80]}")

    def _if(self, statement: ast.If, names: Names, strict: bool) -> None:
        test = self._expressions.value(statement.test, names)
        self._run(statement.body if test else statement.orelse, names, strict=strict)

    def _for(self, statement: ast.For, names: Names, strict: bool) -> None:
        for item in list(self._expressions.value(statement.iter, names)):
            bind(statement.target, item, names)
            try:
                self._run(statement.body, names, strict=strict)
            except _LoopLeft as left:
                if left.is_break:
                    return
        self._run(statement.orelse, names, strict=strict)

    def _while(self, statement: ast.While, names: Names, strict: bool) -> None:
        while self._expressions.value(statement.test, names):
            self._count += 1
            if self._count > _MOST_STATEMENTS:
                raise CannotRead(statement, f"more than {_MOST_STATEMENTS:,} statements")
            try:
                self._run(statement.body, names, strict=True)
            except _LoopLeft as left:
                if left.is_break:
                    return

    def _break(self, statement: ast.Break, names: Names, strict: bool) -> None:
        raise _LoopLeft(is_break=True)

    def _continue(self, statement: ast.Continue, names: Names, strict: bool) -> None:
        raise _LoopLeft(is_break=False)

    def _import(self, statement: ast.Import, names: Names, strict: bool) -> None:
        for alias in statement.names:
            if alias.name in MODULES:
                names[alias.asname or alias.name] = self._known[alias.name] = MODULES[alias.name]

    def _importfrom(self, statement: ast.ImportFrom, names: Names, strict: bool) -> None:
        module = MODULES.get(statement.module or "")
        for alias in statement.names:
            if module is not None and alias.name in module.members:
                names[alias.asname or alias.name] = module.members[alias.name]
            elif alias.asname and alias.name in KNOWN_NAMES:
                names[alias.asname] = KNOWN_NAMES[alias.name]

    def _global(self, statement: ast.Global, names: Names, strict: bool) -> None:
        names.declare(statement.names, is_global=True)

    def _nonlocal(self, statement: ast.Nonlocal, names: Names, strict: bool) -> None:
        names.declare(statement.names, is_global=False)

    def _delete(self, statement: ast.Delete, names: Names, strict: bool) -> None:
        for target in statement.targets:
            if isinstance(target, ast.Subscript):
                container = self._expressions.value(target.value, names)
                try:
                    del container[self._expressions.value(target.slice, names)]
                except (LookupError, TypeError) as error:
                    raise CannotRead(statement, f"{ast.unparse(statement)[:80]}: {error}") from error
            elif isinstance(target, ast.Name):
                names.maps[0].pop(target.id, None)

    def _expr(self, statement: ast.Expr, names: Names, strict: bool) -> None:
        """A docstring, or a call that changes a value of the config; what is outside of it does not count."""
        call = statement.value
        if not isinstance(call, ast.Call):
            return
        root: ast.expr = call.func
        while isinstance(root, (ast.Attribute, ast.Subscript)):
            root = root.value
        if isinstance(root, ast.Name) and root.id in names:
            self._expressions.value(call, names)
        elif isinstance(root, ast.Name) and root.id not in _WITHOUT_EFFECT:
            for argument in call.args:
                if isinstance(argument, ast.Name) and isinstance(names.get(argument.id), dict):
                    raise CannotRead(statement, f"{root.id} is not defined in this file, and may change {argument.id}")
        elif isinstance(root, ast.Call):
            self._expressions.value(call, names)

    def _give(self, target: ast.expr, given: Any, names: Names) -> None:
        if isinstance(target, ast.Subscript):
            container = self._expressions.value(target.value, names)
            try:
                container[self._expressions.value(target.slice, names)] = given
            except (LookupError, TypeError) as error:
                raise CannotRead(target, f"{ast.unparse(target)[:80]} is not assigned to: {error}") from error
        elif isinstance(target, ast.Attribute):  # of others, such as the vocabulary of a dim, it has no effect
            holder = self._expressions.value(target.value, names)
            if isinstance(holder, (Instance, ConfigClass)):
                holder.attributes[target.attr] = given
        else:
            bind(target, given, names)

    def call(self, function: Function, node: ast.Call, arguments: list, named: dict) -> Any:
        """
        What a function of the config gives.

        :raises CannotRead: if only running it would tell
        """
        inner = names_in_call(function, node, arguments, named, self._expressions.value_or_gap)
        if self._depth > _MOST_CALLS:
            raise CannotRead(node, f"{function.name} calls itself without end")
        self._depth += 1
        try:
            if isinstance(function.definition, ast.Lambda):
                return self._expressions.value(function.definition.body, inner)
            self._run(function.definition.body, inner, strict=True)
        except _Returned as returned:
            return returned.args[0]
        except RecursionError as error:
            raise CannotRead(node, f"{function.name} calls itself without end") from error
        finally:
            self._depth -= 1
        return None

    def _try(self, statement: ast.Try, names: Names, strict: bool) -> None:
        """As if nothing was raised."""
        for part in (statement.body, statement.orelse, statement.finalbody):
            self._run(part, names, strict=True)


def _loaded(target: ast.expr) -> ast.expr:
    """What is assigned to, as it is read."""
    return ast.parse(ast.unparse(target), mode="eval").body
