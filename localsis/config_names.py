"""
The configs of a setup and their functions, by the text of their files: nothing is imported.

So it is quick, and it says the same on both engines: completion and messages about misspelled names use it.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .alike import closest


class ConfigError(Exception):
    """A config that cannot be run, for the user."""


class ConfigName(NamedTuple):
    """
    ``configs/FILE.FUNCTION(ARGUMENTS)``, in parts.

    :ivar module: of the function, with dots
    :ivar function: its name
    :ivar arguments: in brackets, or nothing
    """

    module: str
    function: str
    arguments: str | None

    @property
    def file(self) -> str:
        """The file, relative to the setup."""
        return os.path.join(*self.module.split(".")) + ".py" if self.module else ".py"

    @property
    def stem(self) -> str:
        """What the name of each function of the file begins with."""
        return self.file.removesuffix(".py")


class ConfigFunction(NamedTuple):
    """
    A function that a file defines.

    :ivar positional: names of the parameters that can be given without their names
    :ivar required: names of those that have no default
    :ivar signature: as the file has it
    :ivar gives: what its annotation says that it returns
    """

    name: str
    positional: tuple[str, ...]
    required: tuple[str, ...]
    signature: str
    gives: str = ""

    @property
    def is_config(self) -> bool:
        """
        Whether it can be called as a config as it is: helpers want arguments, have a leading underscore, or say that
        they return something.
        """
        return not self.name.startswith("_") and not self.required and self.gives in ("", "None")


def parse_name(text: str) -> ConfigName:
    """
    The parts of what names a config.

    :raises ConfigError: if it can name none
    """
    match = re.fullmatch(r"([\w./-]+?)(\(.*\))?", text.strip(), re.DOTALL)
    if not match:
        raise ConfigError(f"{text!r} names no config. Write for example configs/g2p.py or configs/g2p.full")
    module, _, function = match[1].removeprefix("./").replace("/", ".").rpartition(".")
    return ConfigName(module, function, match[2])


def check_name(text: str, base_dir: str, *, below: Sequence[str] = (), needs_py: bool = True) -> None:
    """
    Looks whether a config can be called, as far as the text of its file says.

    :param text: as for the manager
    :param below: other directories of the setup in which its file may be
    :param needs_py: whether a file whose ``py()`` is asked for must have it
    :raises ConfigError: if there is no such file or function, or the function wants arguments that are not given
    """
    name = parse_name(text)
    paths = [os.path.join(base_dir, directory, name.file) for directory in ("", *below)]
    path = next(filter(os.path.exists, paths), None)
    if path is None:
        raise ConfigError(_no_file(text.strip().partition("(")[0], name, base_dir))
    known = functions(path)
    if name.function in known:
        _check_required(name, known[name.function])
    elif name.function not in _other_names(path) and (needs_py or name.function != "py"):
        raise ConfigError(no_function(name, known))


def functions(path: str) -> dict[str, ConfigFunction]:
    """The functions that a file defines; none if it cannot be read as Python."""
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    found = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return {node.name: _function(node) for node in found}


def config_files(base_dir: str, directory: str) -> Iterator[str]:
    """All files of a directory of configs, relative to the setup."""
    for place, directories, files in os.walk(os.path.join(base_dir, directory), followlinks=True):
        directories[:] = sorted(one for one in directories if not one.startswith((".", "__")))
        for file in sorted(files):
            if file.endswith(".py") and not file.startswith("_"):
                yield os.path.relpath(os.path.join(place, file), base_dir)


def config_names(path: str, file: str) -> list[str]:
    """
    What names the configs of a file.

    :param path: where it is
    :param file: its name relative to the setup
    """
    return [f"{file.removesuffix('.py')}.{name}" for name, one in functions(path).items() if one.is_config]


def no_function(name: ConfigName, known: dict[str, ConfigFunction]) -> str:
    """What is said of a function that is not there."""
    choices = [one.name for one in known.values() if one.is_config]
    alike = closest(name.function, choices) if name.function != "py" else None
    meant = f" Did you mean {name.stem}.{alike}?" if alike else ""
    has = f" It has: {', '.join(choices)}. {name.stem}.NAME runs another one than py()" if choices else ""
    return f"{name.file} has no function {name.function}().{meant}{has or ' It has none that is a config'}"


def missing_arguments(name: ConfigName, signature: str, required: tuple[str, ...]) -> str:
    """What is said of a function that wants arguments."""
    given = ", ".join(f"{one}=..." for one in required)
    return (
        f"{name.file}: {name.function}{signature} wants {_listed(required)}. Give plain values, in quotes for the "
        f"shell: '{name.stem}.{name.function}({given})'"
    )


def _check_required(name: ConfigName, function: ConfigFunction) -> None:
    try:
        call = ast.parse(f"f{name.arguments or '()'}", mode="eval").body
    except SyntaxError:
        return  # which is told when the arguments are read
    if not isinstance(call, ast.Call) or any(isinstance(one, ast.Starred) for one in call.args):
        return
    given = {*function.positional[: len(call.args)], *(one.arg for one in call.keywords)}
    missing = tuple(one for one in function.required if one not in given)
    if missing:
        raise ConfigError(missing_arguments(name, function.signature, missing))


def _no_file(given: str, name: ConfigName, base_dir: str) -> str:
    plain = given.removesuffix(".py")
    if os.path.exists(os.path.join(base_dir, *plain.replace("/", ".").split(".")) + ".py"):
        return f"there is no config file {name.file}. Did you mean {plain.replace('.', '/')}.py?"
    top = name.module.partition(".")[0]
    directory = top if os.path.isdir(os.path.join(base_dir, top)) and top else "configs"
    stems = [file.removesuffix(".py") for file in config_files(base_dir, directory)]
    wanted = name.stem if name.module else given
    alike = next((stem for stem in stems if os.path.basename(stem) == os.path.basename(wanted)), None)
    alike = alike or closest(wanted, stems)
    if alike is None:
        names = {os.path.basename(stem): stem for stem in stems}
        alike = names.get(closest(os.path.basename(wanted), names) or "")
    function = name.function if name.module and alike and name.function in functions(f"{base_dir}/{alike}.py") else "py"
    meant = f" Did you mean {alike}.{function}?" if alike else ""
    return f"there is no config file {name.file if name.module else given}.{meant}"


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> ConfigFunction:
    arguments = node.args
    positional = [one.arg for one in (*arguments.posonlyargs, *arguments.args)]
    required = positional[: len(positional) - len(arguments.defaults)]
    required += [one.arg for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is None]
    gives = ast.unparse(node.returns) if node.returns is not None else ""
    return ConfigFunction(node.name, tuple(positional), tuple(required), f"({ast.unparse(arguments)})", gives)


def _other_names(path: str) -> set[str]:
    """Names that a file has by an assignment or an import: any of them may be a function; all, if that is not known."""
    try:
        with open(path, encoding="utf-8") as file:
            tree = ast.parse(file.read())
    except SyntaxError:
        return _Everything()
    found: set[str] = set()
    nodes: list[ast.AST] = list(tree.body)
    for node in nodes:  # which grows: what stands in an `if` or `try` counts, what stands in a function does not
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = {(one.asname or one.name).partition(".")[0] for one in node.names}
            if "*" in names:
                return _Everything()
            found |= names
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        else:
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            nodes += ast.iter_child_nodes(node)
    return found


class _Everything(set[str]):
    """Where it is not known what names there are."""

    def __contains__(self, name: object) -> bool:
        return True


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
