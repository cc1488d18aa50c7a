"""
Makes ``tables.py`` and ``dataset_table.py`` in ``jobs/options`` of the installed RETURNN, TensorFlow and PyTorch.

    .venv/bin/python -m tests.jobs.options.make_tables
"""

from __future__ import annotations

import ast
import functools
import importlib
import importlib.metadata
import inspect
import pathlib
import pkgutil
import subprocess
import sys
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

OPTIONS_DIRECTORY = pathlib.Path(__file__).resolve().parents[3] / "jobs" / "options"
_KINDS = {"bool": "bool", "int": "int", "float": "float"}
_READERS = {
    *_KINDS,
    *("value", "typed_value", "list", "bool_or_other", "float_or_other", "has", "is_true", "is_typed", "is_of_type"),
    *("get_of_type", "opt_typed_value", "int_list", "float_list", "int_pair", "get", "set"),
}
"""Methods of RETURNN's Config that take an option's name first, and those of its dict."""


def returnn_directory() -> pathlib.Path:
    """Where RETURNN is installed."""
    import returnn

    return pathlib.Path(returnn.__file__).parent


def options() -> dict[str, str]:
    """
    All options that RETURNN's sources ask a config for.

    :return: by name "bool", "int", "float", or "any" where it is also read in another way
    """
    kinds: dict[str, set[str]] = defaultdict(set)
    for file in sorted(returnn_directory().rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found = _read_option(node)
            if found is not None:
                kinds[found[0]].add(found[1])
    return {name: min(found) if len(found) == 1 else "any" for name, found in sorted(kinds.items())}


def _read_option(node: ast.AST) -> tuple[str, str] | None:
    """The option that an expression reads of a config, and as what."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        name, place, kind = node.args[0], node.func.value, _KINDS.get(node.func.attr, "any")
        if node.func.attr not in _READERS:
            return None
    elif isinstance(node, ast.Subscript):
        name, place, kind = node.slice, node.value, "any"
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        name, place, kind = node.left, node.comparators[0], "any"
    else:
        return None
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str) or not name.value.isidentifier():
        return None
    return (name.value, kind) if _is_config(ast.unparse(place)) else None


def _is_config(place: str) -> bool:
    last = place.split(".")[-1]
    return last in ("config", "cfg", "_config", "get_config()", "get_global_config()") or place.endswith(
        ("config.typed_dict", "config.dict")
    )


def optimizers() -> dict[str, dict[str, tuple[str, ...]]]:
    """By engine and name, in small letters: the arguments that each takes."""
    import returnn.tf.updater
    import returnn.torch.updater
    from returnn.util.basic import collect_class_init_kwargs

    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for engine, module in (("tensorflow", returnn.tf.updater), ("torch", returnn.torch.updater)):
        module._init_optimizer_classes_dict()
        classes: dict[str, Any] = module._OptimizerClassesDict
        found[engine] = {
            name: tuple(sorted(set(collect_class_init_kwargs(cls)) - {"self", "kwargs", "params", "lr"}))
            for name, cls in sorted(classes.items())
        }
    return found


def datasets() -> dict[str, tuple[str, ...]]:
    """By name of its class: the arguments that each dataset takes, those of its bases too where it passes on."""
    import returnn.datasets
    from returnn.datasets.basic import Dataset, get_dataset_class

    get_dataset_class("HDFDataset")
    found: dict[str, tuple[str, ...]] = {}
    for module in pkgutil.iter_modules(returnn.datasets.__path__):
        for name, cls in vars(importlib.import_module(f"returnn.datasets.{module.name}")).items():
            if isinstance(cls, type) and issubclass(cls, Dataset) and get_dataset_class(name) is cls:
                found[name] = arguments_of(cls)
    return dict(sorted(found.items()))


def arguments_of(cls: type) -> tuple[str, ...]:
    """The names that a class takes; those of its bases as long as there is ``**kwargs``."""
    names: set[str] = set()
    for base in cls.__mro__:
        if "__init__" not in vars(base) or base is object:
            continue
        parameters = inspect.signature(base.__init__).parameters.values()
        names |= {one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
        if not any(one.kind is one.VAR_KEYWORD for one in parameters):
            break
    return tuple(sorted(names - {"self"}))


def texts() -> dict[pathlib.Path, str]:
    """The files, as ruff formats them."""
    version = importlib.metadata.version("returnn")
    kinds: dict[str, list[str]] = defaultdict(list)
    for name, kind in options().items():
        kinds[kind].append(name)
    of_options = [
        f"RETURNN_VERSION = {version!r}",
        f"OPTIONS: dict[str, str] = {{name: kind for kind, names in table({_lines(kinds)}).items() for name in names}}",
        '"""By name: "bool", "int" or "float" where RETURNN reads it so everywhere, else "any"."""',
        "OPTIMIZERS: dict[str, dict[str, tuple[str, ...]]] = {"
        + ", ".join(f'"{engine}": table({_lines(classes)})' for engine, classes in optimizers().items())
        + "}",
        '"""By engine and name: the arguments of each."""',
    ]
    of_datasets = [
        f"DATASETS: dict[str, tuple[str, ...]] = table({_lines(datasets())})",
        '"""By name of the class: the arguments of each."""',
    ]
    return {
        OPTIONS_DIRECTORY / "tables.py": _file("Options and optimizers", of_options),
        OPTIONS_DIRECTORY / "dataset_table.py": _file("Datasets", of_datasets),
    }


def _file(what: str, tables: Sequence[str]) -> str:
    head = [
        f'"""{what} that RETURNN knows. Made by tests/jobs/options/make_tables.py."""',
        "from __future__ import annotations",
        "from .table_text import table",
    ]
    ruff = [sys.executable, "-m", "ruff", "format", "--stdin-filename", "tables.py", "-"]
    text = "\n\n".join([*head, *tables]) + "\n"
    return subprocess.run(ruff, input=text, capture_output=True, text=True, check=True, cwd=OPTIONS_DIRECTORY).stdout


def _lines(rows: Mapping[str, Sequence[str]]) -> str:
    """A text that ``table`` reads."""
    wrap = functools.partial(textwrap.fill, width=118, subsequent_indent="    ", break_on_hyphens=False)
    return '"""\n' + "\n".join(wrap(f"{name}: {' '.join(words)}".strip()) for name, words in rows.items()) + '\n"""'


if __name__ == "__main__":
    for place, text in texts().items():
        place.write_text(text, encoding="utf-8")
