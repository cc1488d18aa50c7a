"""Imports run one way: no two modules of the project import each other, also not by way of others."""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterable, Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGES = ("configs", "jobs", "localsis", "recipe", "returnn_recurrent")
Graph = dict[str, set[str]]


@pytest.mark.parametrize(
    "root",
    [
        "configs",
        "jobs",
        "localsis",
        "recipe.data",
        "recipe.from_net_dict",
        "recipe.models",
        "recipe.nn",
        "returnn_recurrent",
    ],
)
def test_no_circles(root: str) -> None:
    graph = project()
    modules = [module for module in graph if module == root or module.startswith(f"{root}.")]
    assert modules, f"there is no {root}"
    found = circles(graph, modules)
    assert not found, f"{len(found)} circles of imports:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "statement",
    [
        "import pack.b",
        "import pack.b as other",
        "from pack import b",
        "from pack.b import x",
        "from . import b",
        "importlib.import_module('pack.b').x()",
        "from .b import x",
        "def f():\n    from .b import x",
        "if TYPE_CHECKING:\n    from .b import X",
        "try:\n    from . import x, b as other\nexcept ImportError:\n    pass",
    ],
)
def test_each_kind_of_import_counts(statement: str, tmp_path: pathlib.Path) -> None:
    files = {"__init__": "", "a": statement, "b": "from .inner import c", "inner/__init__": "", "inner/c": ""}
    assert circles(_graph_of(files, tmp_path)) == []
    files["inner/c"] = "from ..a import x"
    assert circles(_graph_of(files, tmp_path)) == ["pack.a -> pack.b -> pack.inner.c -> pack.a"]


def test_name_that_is_no_module_is_an_import_of_the_package_itself(tmp_path: pathlib.Path) -> None:
    files = {"__init__": "from .a import x", "a": "from . import x"}
    assert circles(_graph_of(files, tmp_path)) == ["pack -> pack.a -> pack"]


def _graph_of(files: dict[str, str], place: pathlib.Path) -> Graph:
    for name, text in files.items():
        file = place / "pack" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return import_graph(place, ["pack"])


@functools.cache
def project() -> Graph:
    """The imports of the whole project."""
    return import_graph(ROOT, PACKAGES)


def import_graph(place: pathlib.Path, packages: Iterable[str]) -> Graph:
    """
    What each module imports, wherever in it: also in functions and under ``TYPE_CHECKING``.

    That Python runs the ``__init__.py`` of a package before its modules does not count as an import of it.

    :param place: the directory of the packages
    :param packages: their names
    """
    files: dict[str, pathlib.Path] = {}
    for package in packages:
        for file in sorted((place / package).rglob("*.py")):
            files[".".join(file.relative_to(place).with_suffix("").parts).removesuffix(".__init__")] = file
    return {name: {*_imported(name, file, files)} - {name} for name, file in files.items()}


def _imported(importer: str, file: pathlib.Path, modules: dict[str, pathlib.Path]) -> Iterator[str]:
    package = importer.split(".") if file.name == "__init__.py" else importer.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in modules)
        elif isinstance(node, ast.ImportFrom):
            around = package[: len(package) + 1 - node.level] if node.level else []
            base = ".".join([*around, *([node.module] if node.module else [])])
            for name in node.names:  # a module of that package, or what its __init__.py defines
                yield from [one for one in (f"{base}.{name.name}", base) if one in modules][:1]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and one.value in modules)


def circles(graph: Graph, start: Iterable[str] | None = None) -> list[str]:
    """
    The shortest circle through each module that is part of one, each circle once: ``a -> b -> a``.

    :param start: the modules; default: all
    """
    found: dict[frozenset[str], str] = {}
    for module in graph if start is None else start:
        circle = _shortest_circle(graph, module)
        if circle:
            found.setdefault(frozenset(circle), " -> ".join(circle))
    return list(found.values())


def _shortest_circle(graph: Graph, start: str) -> list[str]:
    """From a module by imports back to it; empty if no way leads back."""
    ways = {module: [start, module] for module in sorted(graph[start])}
    left = list(ways)
    for module in left:  # grows: the nearest come first
        if module == start:
            return ways[module]
        for following in sorted(graph[module] - set(ways)):
            ways[following] = [*ways[module], following]
            left.append(following)
    return []
