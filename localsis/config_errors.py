"""What is said of a config that fails: of a missing package a line, else the traceback from the user's file on."""

from __future__ import annotations

import os
import re
import sys
import traceback

from .alike import did_you_mean

_HERE = os.path.dirname(os.path.abspath(__file__))

_DISTRIBUTIONS = {
    "tree": "dm-tree",
    "yaml": "pyyaml",
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
}
"""What pip calls packages that are imported by another name."""


def users_traceback(error: BaseException, base_dir: str) -> str:
    """The traceback without what stands before the user's own file, and without lines of the engine."""
    told = traceback.TracebackException.from_exception(error)
    one: traceback.TracebackException | None = told
    while one is not None:
        one.stack = traceback.StackSummary.from_list([frame for frame in one.stack if not _is_engine(frame.filename)])
        one = one.__cause__ or one.__context__
    return "".join(told.format()).rstrip().replace(base_dir + os.sep, "")


def is_of_config(error: BaseException) -> bool:
    """Whether an error was raised while Sisyphus read or called a config."""
    return any(frame.name == "load_configs" for frame in traceback.extract_tb(error.__traceback__))


def words_of(error: BaseException, base_dir: str) -> str:
    """What is said of an error in a config."""
    if isinstance(error, ModuleNotFoundError):
        return missing_package(error, base_dir)
    return users_traceback(error, base_dir)


def missing_package(error: ModuleNotFoundError, base_dir: str) -> str:
    """What is missing, where it is imported, and what to install."""
    if error.name is None or error.name.startswith("sisyphus."):
        return f"{place_of(error, base_dir)}{error}"
    package, *inner = error.name.split(".")
    directory = os.path.join(base_dir, package)
    if inner and os.path.isdir(directory):
        above, _, last = error.name.rpartition(".")
        place = os.path.join(base_dir, *above.split("."))
        names = [name.removesuffix(".py") for name in os.listdir(place)] if os.path.isdir(place) else []
        meant = did_you_mean(last, names)
        return f"{place_of(error, base_dir)}there is no module {error.name}.{meant}"
    return (
        f"{place_of(error, base_dir)}the package {package} is not installed. Install it: "
        f"{how_to_install(package, base_dir)}"
    )


def how_to_install(package: str, base_dir: str) -> str:
    """The command that installs a package, as pyproject.toml of the setup has it."""
    wanted = _DISTRIBUTIONS.get(package, package).lower().replace("_", "-")
    try:
        with open(os.path.join(base_dir, "pyproject.toml"), encoding="utf-8") as file:
            text = file.read()
    except OSError:
        text = ""
    for match in re.finditer(r"^(\w+) = \[(.*?)\][ \t]*(?:#[^\n]*)?$", text, re.DOTALL | re.MULTILINE):
        names = [name.lower() for name in re.findall(r'"([A-Za-z0-9._-]+)', match[2])]
        if match[1] != "requires" and {wanted, f"{wanted}-cpu"} & set(names):
            if match[1] == "dependencies":
                return "make venv"
            return f'{_python(base_dir)} -m pip install ".[{match[1]}]"'
    return f"{_python(base_dir)} -m pip install {wanted}"


def place_of(error: BaseException, base_dir: str) -> str:
    """The line of the user's that an error comes from, to put before a message; nothing if there is none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _is_engine(frame.filename)]
    if not frames:
        return ""
    last = frames[-1]
    return f"{last.filename.replace(base_dir + os.sep, '')}, line {last.lineno}, {last.line}: "


def _is_engine(file: str) -> bool:
    package = getattr(sys.modules.get("sisyphus"), "__file__", None)
    engines = [_HERE, os.path.dirname(package)] if package else [_HERE]
    return file.startswith((*(f"{one}{os.sep}" for one in engines), "<frozen ")) or file == _importlib_file()


def _importlib_file() -> str | None:
    """The file of Python's own ``importlib``."""
    return getattr(sys.modules.get("importlib"), "__file__", None)


def _python(base_dir: str) -> str:
    return sys.executable.removeprefix(base_dir + os.sep)
