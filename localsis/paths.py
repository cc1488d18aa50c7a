"""Path and Variable: files that jobs make and read."""

from __future__ import annotations

import ast
import enum
import gzip
import os
import pickle
from typing import TYPE_CHECKING, Any

from . import settings
from .hashing import hash_bytes, object_state

if TYPE_CHECKING:
    from .job import Job


class Path:
    """
    A file or directory.

    :param path: where it is; for an output of a job, relative to the job's output directory
    :param creator: the job that makes it
    :param cached: accepted as in Sisyphus; this engine copies nothing
    :param hash_overwrite: what is hashed in place of the path
    """

    _sis_path = True

    def __init__(
        self,
        path: str,
        creator: Job | None = None,
        cached: bool = False,
        hash_overwrite: str | tuple[Any, str] | None = None,
    ):
        self.path = str(path)
        self.creator = creator
        self.cached = cached
        self.hash_overwrite = (None, hash_overwrite) if isinstance(hash_overwrite, str) else hash_overwrite

    def get_path(self) -> str:
        """The absolute path."""
        if self.creator is None:
            return os.path.join(settings.BASE_DIR, self.path)
        return os.path.join(self.creator._sis_path("output"), self.path)

    def get(self) -> Any:
        """The absolute path."""
        return self.get_path()

    def rel_path(self) -> str:
        """The path relative to the setup."""
        return os.path.relpath(self.get_path(), settings.BASE_DIR)

    def available(self) -> bool:
        """Whether the job that makes it has made it; a file from outside: whether it is there."""
        if self.creator is None:
            return os.path.exists(self.get_path())
        return bool(self.creator.path_available(self))

    def join_right(self, other: str) -> Path:
        """A file in this directory."""
        overwrite = self.hash_overwrite and (self.hash_overwrite[0], os.path.join(self.hash_overwrite[1], other))
        return Path(os.path.join(self.path, other), self.creator, self.cached, overwrite)

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

    def __deepcopy__(self, memo: dict) -> Path:
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and self._sis_hash() == other._sis_hash()

    def __hash__(self) -> int:
        return hash(self._sis_hash())

    def __str__(self) -> str:
        return self.get_path()

    def __fspath__(self) -> str:
        return self.get_path()

    def __repr__(self) -> str:
        return f"<Path {self.get_path()}>"


class Variable(Path):
    """
    A value that a job writes and others read.

    :param pickle: store with pickle instead of as a literal
    :param backup: what :meth:`get` gives before it is set
    """

    def __init__(self, path: str, creator: Job | None = None, pickle: bool = False, backup: Any = None):
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

    def __str__(self) -> str:
        return str(self.get())

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
            content = text.read().strip()
        return float(content) if content in ("nan", "inf", "-inf") else ast.literal_eval(content)


def extract_paths(value: Any) -> set[Path]:
    """All paths within a structure or an object."""
    found: set[Path] = set()
    seen: dict[int, Any] = {}
    queue = [value]
    while queue:
        item = queue.pop()
        if id(item) in seen or item is None:
            continue
        seen[id(item)] = item
        if isinstance(item, (bool, int, float, complex, str, bytes, enum.Enum, type)):
            continue
        if isinstance(item, Path):
            found.add(item)
        elif isinstance(item, dict):
            queue.extend(entry for key, entry in item.items() if not (isinstance(key, str) and key.startswith("_sis_")))
        elif isinstance(item, (list, tuple, set, frozenset)):
            queue.extend(item)
        else:
            queue.append(object_state(item))
    return found
