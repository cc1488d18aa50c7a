"""Path and Variable: files that jobs make and read."""

from __future__ import annotations

import ast
import enum
import gzip
import importlib
import os
import pickle
from collections.abc import Callable
from typing import Any, Protocol, cast

from . import settings
from .delayed import DelayedBase
from .hashing import hash_bytes, object_state


class Creator(Protocol):
    """What a path asks of the job that makes it."""

    @property
    def tags(self) -> set[str]:
        """Words for jobs that use its outputs."""

    def path_available(self, path: AbstractPath) -> bool:
        """Whether an output can be read already."""

    def _sis_id(self) -> str:
        """Module, class and hash."""


class AbstractPath(DelayedBase):
    """
    What a job makes or reads: see :class:`Path` and :class:`Variable`.

    :param path: where it is; for an output of a job, relative to the job's output directory
    :param creator: the job that makes it
    :param cached: accepted as in Sisyphus; this engine copies nothing
    :param hash_overwrite: what is hashed in place of the path
    :param tags: words for jobs that use it; default: those of its creator
    :param available: says whether it is there, in place of the usual rule
    """

    _sis_path = True

    def __init__(
        self,
        path: str,
        creator: Creator | None = None,
        cached: bool = False,
        hash_overwrite: str | tuple[Any, str] | None = None,
        tags: set[str] | None = None,
        available: Callable[[Any], bool] | None = None,
    ):
        if not isinstance(path, str):
            raise TypeError(f"a path is a str, not {path!r}")
        self.path = path
        self.creator = creator
        self.cached = cached
        self.hash_overwrite = (None, hash_overwrite) if isinstance(hash_overwrite, str) else hash_overwrite
        self._tags = tags
        self._available = available

    @property
    def tags(self) -> set[str]:
        """Its own, else those of the job that makes it."""
        if self._tags is not None:
            return self._tags
        return self.creator.tags if self.creator is not None else set()

    def get_path(self) -> str:
        """The absolute path."""
        return os.path.join(settings.BASE_DIR, self.rel_path())

    def rel_path(self) -> str:
        """The path relative to the setup; absolute if it was given so."""
        if self.creator is None:
            return self.path
        return os.path.join(settings.WORK_DIR, self.creator._sis_id(), "output", self.path)

    def get(self) -> Any:
        """The absolute path."""
        return self.get_path()

    def available(self) -> bool:
        """Whether the job that makes it has made it; a file from outside: whether it is there."""
        if self._available is not None:
            return bool(self._available(self))
        if self.creator is None:
            return os.path.exists(self.get_path())
        return bool(self.creator.path_available(self))

    def is_set(self) -> bool:
        """The same as :meth:`available`."""
        return self.available()

    def _sis_hash(self) -> bytes:
        creator: Any = self.creator
        path = self.path
        if self.hash_overwrite is not None:
            creator, path = self.hash_overwrite
        if hasattr(creator, "_sis_id"):
            creator = f"{creator._sis_id()}/output"
        return b"(Path, " + hash_bytes((creator, path)) + b")"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "path": self.get_path(), "creator": None}  # a worker needs the file, not the graph

    def __deepcopy__(self, memo: dict) -> AbstractPath:
        return self._copy()

    def _copy(self) -> Any:
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._sort_key() == other._sort_key()  # type: ignore[attr-defined]

    def __lt__(self, other: AbstractPath) -> bool:
        return self._sort_key() < other._sort_key()

    def __hash__(self) -> int:
        return hash(self._sort_key())

    def _sort_key(self) -> tuple[str, str]:
        return (self.creator._sis_id() if self.creator is not None else "", self.path)


class Path(AbstractPath):
    """A file or directory. Its parameters are those of :class:`AbstractPath`."""

    def copy(self) -> Path:
        """The same path as an object of its own."""
        return cast(Path, self._copy())

    def copy_append(self, suffix: str) -> Path:
        """The path with something at its end; what is hashed in its place gets the same."""
        new = self.copy()
        new.path = self.path + suffix
        if self.hash_overwrite is not None:
            new.hash_overwrite = (self.hash_overwrite[0], self.hash_overwrite[1] + suffix)
        return new

    def join_right(self, other: str) -> Path:
        """A file in this directory."""
        return self.copy_append(f"/{other}")

    def __str__(self) -> str:
        return self.get_path()

    def __fspath__(self) -> str:
        return self.get_path()

    def __repr__(self) -> str:
        return f"<Path {self.get_path()}>"


class Variable(AbstractPath):
    """
    A value that a job writes and others read.

    :param pickle: store with pickle instead of as a literal
    :param backup: what :meth:`get` gives before it is set
    """

    def __init__(self, path: str, creator: Creator | None = None, pickle: bool = False, backup: Any = None):
        super().__init__(path, creator)
        self.pickle = pickle
        self.backup = backup

    def set(self, value: Any) -> None:
        """Stores the value."""
        part = self.get_path() + ".part"
        if self.pickle:
            with gzip.open(part, "wb") as file:
                pickle.dump(value, file)
        else:
            with open(part, "w", encoding="utf-8") as text:
                text.write(f"{value!r}\n")
        os.replace(part, self.get_path())

    def is_set(self) -> bool:
        """Whether it has a value."""
        return os.path.isfile(self.get_path())

    def get(self) -> Any:
        """The value."""
        if not self.is_set():
            return self.backup
        if self.pickle:
            with gzip.open(self.get_path(), "rb") as file:
                return pickle.load(file)
        with open(self.get_path(), encoding="utf-8") as text:
            return literal(text.read())

    def __str__(self) -> str:
        return str(self.get())

    def __repr__(self) -> str:
        return f"<Variable {self.rel_path()}{f' {self.get()}' if self.is_set() else ''}>"


class RelPath:
    """
    Makes paths relative to a directory.

    :param origin: the directory
    :param hash_overwrite: what is hashed in its place
    """

    def __init__(self, origin: str, hash_overwrite: str | None = None):
        self.origin = origin
        self.hash_overwrite = hash_overwrite

    def __call__(self, path: str, *args: Any, **kwargs: Any) -> Path:
        """The path of a file in the directory; further arguments are those of :class:`Path`."""
        if self.hash_overwrite and "hash_overwrite" not in kwargs and len(args) < 3:
            kwargs["hash_overwrite"] = os.path.join(self.hash_overwrite, path)
        return Path(
            os.path.relpath(os.path.join(self.origin, path)) if not os.path.isabs(path) else path, *args, **kwargs
        )


def setup_path(package: str) -> RelPath:
    """
    For files that lie beside the code: ``rel_path = tk.setup_path(__package__)``, then ``rel_path("file")``.

    :raises ValueError: if the package has no ``__init__.py``
    """
    file = getattr(importlib.import_module(package), "__file__", None) if package else None
    if not file:
        raise ValueError(f"setup_path({package!r}): there is no package of that name with an __init__.py")
    return RelPath(os.path.relpath(os.path.dirname(file)), package.replace(".", "/"))


def literal(text: str) -> Any:
    """
    The value of a literal as :meth:`Variable.set` writes it, in which ``nan`` and ``inf`` may stand.

    :raises ValueError: for anything else
    """

    class Numbers(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.Constant(float(node.id)) if node.id in ("nan", "inf") else node

    return ast.literal_eval(Numbers().visit(ast.parse(text.strip(), mode="eval")))


def extract_paths(value: Any) -> set[AbstractPath]:
    """All paths within a structure or an object."""
    found: set[AbstractPath] = set()
    seen: dict[int, Any] = {}
    queue = [value]
    while queue:
        item = queue.pop()
        if id(item) in seen or item is None:
            continue
        seen[id(item)] = item
        if isinstance(item, (bool, int, float, complex, str, bytes, enum.Enum, type)):
            continue
        if isinstance(item, AbstractPath):
            found.add(item)
        elif isinstance(item, dict):
            queue.extend(entry for key, entry in item.items() if not (isinstance(key, str) and key.startswith("_sis_")))
        elif isinstance(item, (list, tuple, set, frozenset)):
            queue.extend(item)
        else:
            queue.append(object_state(item))
    return found
