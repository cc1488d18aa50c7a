"""One text for several versions of a class: numbers become arguments, other lines ask for the version."""

from __future__ import annotations

import ast
import difflib
import io
import textwrap
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

VERSION = "first_epoch"
"""The argument by which a class knows its version: the first epoch of the stage."""
_INIT = "    def __init__(self) -> None:\n        super().__init__()\n\n"


class Code:
    """
    A statement as it is in some versions.

    :param key: its tokens, without numbers; of a method or ``with``, those of its head
    :param texts: it, or its head, with the comments before it, by version
    :param inner: of a method or ``with``, the statements in it
    """

    def __init__(self, key: tuple[str, ...], texts: dict[int, str], inner: list[Code] | None):
        self.key, self.texts, self.inner = key, texts, inner

    def leaves(self, method: str = "") -> Iterator[tuple[Code, str]]:
        """All statements, with the method that they are in."""
        method = next((word for word in ("__init__", "forward") if word in self.key), method) if self.inner else method
        yield self, method
        for code in self.inner or []:
            yield from code.leaves(method)


class Number(NamedTuple):
    """
    A number that is another one in some versions.

    :ivar code: the statement that it is in
    :ivar position: of its token
    :ivar values: by version, of those that have the statement
    """

    code: Code
    position: int
    values: dict[int, str]


class Token(NamedTuple):
    """
    A token.

    :ivar text: of it
    :ivar place: where it begins
    :ivar is_number: whether it is a number
    """

    text: str
    place: int
    is_number: bool


def head_of(text: str) -> tuple[tuple[str, ...], ...]:
    """What versions must have in common to become one class: its methods and their arguments."""
    methods = [one for one in read_class(1, text).inner or [] if one.inner is not None]
    return tuple(one.key for one in methods)


def with_constructor(text: str) -> str:
    """A class with a constructor, if it has none."""
    return text if "def __init__(" in text else text.replace("    def forward(", f"{_INIT}    def forward(", 1)


def read_class(version: int, text: str) -> Code:
    """The statements of a class."""
    lines = text.splitlines()
    return next(_statements(version, ast.parse(text).body, lines, 0))


def _statements(version: int, body: Sequence[ast.stmt], lines: Sequence[str], start: int) -> Iterator[Code]:
    for statement in body:
        end = statement.end_lineno or statement.lineno
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.With)):
            first = statement.body[0].lineno - 1
            head = "\n".join(lines[start : _head_end(lines, statement.lineno - 1, first)])
            begin = _head_end(lines, statement.lineno - 1, first)
            inner = list(_statements(version, statement.body, lines, begin))
            yield Code(_key(f"{head}\n pass"), {version: head}, inner)
        else:
            code = "\n".join(lines[start:end])
            is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            yield Code(("docstring",) if is_docstring else _key(code), {version: code}, None)
        start = end


def _head_end(lines: Sequence[str], start: int, before: int) -> int:
    """The line after the colon that ends the head of a block."""
    return next((number + 1 for number in range(start, before) if lines[number].endswith(":")), before)


def tokens_of(code: str) -> list[Token]:
    """The tokens of a statement, without how its lines are broken, and comments but for TODOs."""
    code = textwrap.dedent(code)
    starts = [0]
    for line in code.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    without = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    return [
        Token(one.string, starts[one.start[0] - 1] + one.start[1], one.type == tokenize.NUMBER)
        for one in tokenize.generate_tokens(io.StringIO(code).readline)
        if one.type not in without and not (one.type == tokenize.COMMENT and "TODO" not in one.string)
    ]


def _key(code: str) -> tuple[str, ...]:
    return tuple("0" if one.is_number else one.text for one in tokens_of(code))


def merged(versions: Sequence[Code]) -> Code:
    """Versions of one statement as one, the statements in it in an order that is that of each version."""
    first = versions[0]
    inner = None
    if first.inner is not None:
        inner = list(first.inner)
        for version in versions[1:]:
            inner = _aligned(inner, version.inner or [])
    texts = {number: text for version in versions for number, text in version.texts.items()}
    return Code(first.key, texts, inner)


def _aligned(known: list[Code], more: list[Code]) -> list[Code]:
    matcher = difflib.SequenceMatcher(None, [one.key for one in known], [one.key for one in more], autojunk=False)
    found: list[Code] = []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind == "equal":
            found += [merged(pair) for pair in zip(known[start:end], more[other_start:other_end])]
        else:
            found += [*more[other_start:other_end], *known[start:end]]  # earlier stages come later
    return found


def numbers_of(code: Code) -> Iterator[tuple[Number, str]]:
    """The numbers that differ between versions, with the methods that they are in."""
    for leaf, method in code.leaves():
        versions = {version: tokens_of(text) for version, text in leaf.texts.items()}
        if leaf.key == ("docstring",) or len({len(tokens) for tokens in versions.values()}) > 1:
            continue
        for position, tokens in enumerate(zip(*versions.values())):
            if len({token.text for token in tokens}) > 1:
                yield Number(leaf, position, dict(zip(versions, (token.text for token in tokens)))), method


def lines_of(code: Code, versions: Sequence[int], arguments: Mapping[tuple[int, int], str]) -> Iterator[str]:
    """
    The lines of a class.

    :param versions: all that there are
    :param arguments: names in place of numbers, by the ``id`` of the statement and the position of the token
    """
    yield from _own_lines(code, arguments)
    yield from _inner_lines(code, versions, arguments, "self.")


def _inner_lines(
    code: Code, versions: Sequence[int], arguments: Mapping[tuple[int, int], str], owner: str
) -> Iterator[str]:
    """What stands in a block; ``owner`` is what the version is an attribute of there."""
    last: list[int] | None = None
    for inner in code.inner or []:
        own = sorted(inner.texts)
        inner_owner = "" if "__init__" in inner.key else owner
        lines = [*_own_lines(inner, arguments), *_inner_lines(inner, own, arguments, inner_owner)]
        if own == list(versions):
            yield from lines
        else:
            if own != last:
                indent = next(line[: len(line) - len(line.lstrip())] for line in lines if line.strip())
                yield f"{indent}if {_condition(own, versions, owner)}:"
            yield from (f"    {line}" if line else line for line in lines)
        last = own


def _own_lines(code: Code, arguments: Mapping[tuple[int, int], str]) -> Iterator[str]:
    text = code.texts[max(code.texts)]
    given = {position: name for (which, position), name in arguments.items() if which == id(code)}
    if given:
        plain = textwrap.dedent(text)
        indent = text[: len(text) - len(text.lstrip())].rpartition("\n")[2]
        tokens = tokens_of(plain)
        for position in sorted(given, reverse=True):
            token = tokens[position]
            plain = plain[: token.place] + given[position] + plain[token.place + len(token.text) :]
        text = textwrap.indent(plain, indent)
    yield from text.split("\n")


def _condition(own: Sequence[int], versions: Sequence[int], owner: str) -> str:
    """Which of the versions that are possible here it is."""
    name = f"{owner}{VERSION}"
    places = [list(versions).index(version) for version in own]
    is_run = places == list(range(places[0], places[-1] + 1))
    if is_run and places[-1] == len(versions) - 1:
        return f"{name} >= {own[0]}"
    if is_run:
        end = f"< {versions[places[-1] + 1]}"
        return f"{name} {end}" if places[0] == 0 else f"{own[0]} <= {name} {end}"
    return f"{name} in ({', '.join(map(str, own))})"
