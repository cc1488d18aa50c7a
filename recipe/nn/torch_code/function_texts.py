"""The texts of the functions in ``functions``, read as Python files: nothing is imported, so no PyTorch is needed."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterable
from typing import NamedTuple


class FunctionText(NamedTuple):
    """
    A function or class.

    :ivar text: its definition
    :ivar needs: the names of others that it uses
    """

    text: str
    needs: frozenset[str]


def texts_of(names: Iterable[str]) -> list[str]:
    """The definitions of functions and of all that they use, each after those that it uses."""
    known, ordered = _all_functions(), dict[str, None]()

    def add(name: str) -> None:
        if name not in ordered:
            for needed in sorted(known[name].needs - {name}):
                add(needed)
            ordered[name] = None

    for name in names:
        add(name)
    return [known[name].text for name in ordered]


def all_names() -> frozenset[str]:
    """The names of all functions."""
    return frozenset(_all_functions())


@functools.cache
def _all_functions() -> dict[str, FunctionText]:
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for path in sorted((pathlib.Path(__file__).parent / "functions").glob("*.py")):
        source = path.read_text(encoding="utf-8")
        for node in ast.parse(source).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names = frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
                text = ast.get_source_segment(source, node)
                assert text is not None and node.name not in found, node.name
                found[node.name] = (text, names)
    return {name: FunctionText(text, names & found.keys()) for name, (text, names) in found.items()}
