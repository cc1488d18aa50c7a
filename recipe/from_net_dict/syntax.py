"""The syntax trees of configs: of Python 3, and of what was written for Python 2."""

from __future__ import annotations

import ast
import re
import warnings

from .errors import NetDictError


def parsed(text: str) -> list[ast.stmt]:
    """
    The statements of a config; one in Python 2 is rewritten first, by the rules of 2to3.

    :raises NetDictError: if it is no Python
    """
    try:
        return _tree(text)
    except SyntaxError as error:
        wrong = error
    try:
        return _tree(_rewritten(text))
    except (SyntaxError, _NotRewritten):
        where = f"line {wrong.lineno}: {wrong.msg}" if wrong.lineno else str(wrong)
        raise NetDictError(f"the file is neither JSON nor Python: {where}") from wrong


def _tree(text: str) -> list[ast.stmt]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of texts such as "\\d", which are the config's own matter
        return ast.parse(text).body


class _NotRewritten(Exception):
    """It is no Python 2 either."""


def _rewritten(text: str) -> str:
    """
    The same in Python 3; tabs count as Python 2 counted them.

    :raises _NotRewritten: if it is no Python 2
    """
    try:
        from fissix import refactor
        from fissix.pgen2.parse import ParseError
        from fissix.pgen2.tokenize import TokenError
    except ImportError as error:  # Python 3 is read all the same
        raise _NotRewritten from error

    expanded = "\n".join(_with_spaces(line) for line in text.split("\n")) + "\n"
    fixers = refactor.get_fixers_from_package("fissix.fixes")
    try:
        return str(refactor.RefactoringTool(fixers).refactor_string(expanded, "config"))
    except (ParseError, TokenError, IndentationError) as error:
        raise _NotRewritten from error


def _with_spaces(line: str) -> str:
    match = re.match(r"[ \t]*", line)
    indent = match[0] if match else ""
    return indent.expandtabs(8) + line[len(indent) :]


def without_comments(text: str) -> str:
    """JSON without ``//`` comments, which RETURNN's configs have."""
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*', lambda match: match[1] or "", text)
