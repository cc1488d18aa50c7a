"""Path and Variable: files that jobs make and read."""

from __future__ import annotations

import copy
import functools
import gzip
import os
import pickle
from collections.abc import Callable
from typing import Any, Protocol, cast

from . import settings
from .delayed import DelayedBase
from .hashing import hash_bytes
from .literals import literal


class Creator(Protocol):
    """What a path asks of the job that makes it."""

    @property
    def tags(self) -> set[str]:
        """Words for jobs that use its outputs."""

    def path_available(self, path: AbstractPath) -> bool:
        """Whether an output can be read already."""

    def _sis_id(self) -> str:
        """Module, class and hash."""

    def _sis_directory(self) -> str:
        """Its directory, relative to the setup."""


def _in_tasks(get: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A method that may be called in tasks alone, if DELAYED_CHECK_FOR_WORKER says so."""

    @functools.wraps(get)
    def checked(value: Any) -> Any:
        settings.check_values_may_be_read(value)
        return get(value)

    return checked


def _wrapped(method: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same method within another one, as Sisyphus has it: that shows in the hash of a bound method."""

    @functools.wraps(method)
    def same(value: Any) -> Any:
        return method(value)

    return same


class NoBackup:
    """Says that a variable has no value as long as it is not set."""


class VariableNotSet(Exception):
    """A variable is read before it is set."""


class AbstractPath(DelayedBase):
    """
    What a job makes or reads: see :class:`Path` and :class:`Variable`.

    :param path: where it is; for an output of a job, relative to the job's output directory
    :param creator: the job that makes it
    :param cached: whether tasks read the copy that ``file_caching`` of settings.py makes, if it has that
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
            raise TypeError(f"a path is a str, not {path!r}: give str(...) of it")
        self.path = path
        self.creator = creator
        self.cached = cached
        self.hash_overwrite = hash_overwrite
        self._tags = tags
        self._available = available

    @property
    def hash_overwrite(self) -> Any:
        """
        What is hashed in place of creator and path: None, or both of them. A str stands for the path alone.

        :raises TypeError: for anything else
        """
        return self._hash_overwrite

    @hash_overwrite.setter
    def hash_overwrite(self, value: Any) -> None:
        if isinstance(value, str):
            value = (None, value)
        if value is not None and not (isinstance(value, tuple) and len(value) == 2):
            raise TypeError(
                f"hash_overwrite of the path {self.path!r} is a str, or a tuple of a creator and a str, as in "
                f"Sisyphus; not {value!r} ({type(value).__name__})"
            )
        self._hash_overwrite = value

    @property
    def tags(self) -> Any:
        """Its own, else those of the job that makes it."""
        if self._tags is not None:
            return self._tags
        return self.creator.tags if self.creator is not None else set()

    @tags.setter
    def tags(self, value: Any) -> None:
        self._tags = value

    def get_path(self) -> str:
        """The absolute path."""
        path = self.rel_path()
        return path if os.path.isabs(path) else f"{settings.BASE_DIR}/{path}"

    def rel_path(self) -> str:
        """The path relative to the setup; absolute if it was given so."""
        if self.creator is None:
            return self.path
        return f"{os.path.join(self.creator._sis_directory(), settings.JOB_OUTPUT)}/{self.path}"

    def get_cached_path(self) -> str:
        """The absolute path; with ``cached=True``, in a task, that of the copy that ``file_caching`` makes."""
        return settings.cached(self.get_path()) if self.cached else self.get_path()

    @_in_tasks
    def get(self) -> Any:
        """The absolute path."""
        return self.get_path()

    @_wrapped
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
            creator = f"{creator._sis_id()}/{settings.JOB_OUTPUT}"
        return b"(Path, " + hash_bytes((creator, path)) + b")"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "path": self.get_path(), "creator": None}  # a worker needs the file, not the graph

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def __deepcopy__(self, memo: dict) -> AbstractPath:
        twin = self._copy()
        memo[id(self)] = twin
        for name, value in vars(twin).items():
            if name != "creator" and value is not None and not isinstance(value, (str, bool)):
                setattr(twin, name, copy.deepcopy(value, memo))
        return cast(AbstractPath, twin)

    def _copy(self) -> Any:
        twin = object.__new__(type(self))
        vars(twin).update(vars(self))
        return twin

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AbstractPath) or type(self) is not type(other):
            return False
        return bool(self.creator == other.creator and self.path == other.path)

    def __hash__(self) -> int:
        mine = vars(self)  # of an object that pickle has not filled yet, empty
        return hash((mine.get("creator"), mine.get("path")))

    def __lt__(self, other: Any) -> bool:
        if not isinstance(other, AbstractPath):
            raise TypeError(f"{self!r} can be compared with another path alone, not with {other!r}")
        return self._sort_key() < other._sort_key()

    def _sort_key(self) -> str:
        return f"{self.creator._sis_id() if self.creator is not None else None} {self.path}"


class Path(AbstractPath):
    """A file or directory. Its parameters are those of :class:`AbstractPath`."""

    def copy(self) -> Path:
        """The same path as an object of its own."""
        return cast(Path, self._copy())

    def copy_append(self, suffix: str) -> Path:
        """The path with something at its end; what is hashed in its place gets the same."""
        new = self.copy()
        if self.hash_overwrite is not None:
            creator, path = self.hash_overwrite
            new.hash_overwrite = (creator, path + suffix)
        new.path = self.path + suffix
        return new

    def join_right(self, other: str) -> Path:
        """A file in this directory."""
        return self.copy_append(f"/{other}")

    def __str__(self) -> str:
        return self.get_cached_path()

    def __fspath__(self) -> str:
        return self.get_cached_path()

    def __repr__(self) -> str:
        return repr(str(self)) if settings.LEGACY_PATH_CONVERSION else f"<Path {self.get_path()}>"


class Variable(AbstractPath):
    """
    A value that a job writes and others read.

    :param pickle: store with pickle instead of as a literal
    :param backup: what :meth:`get` gives before it is set
    """

    def __init__(self, path: str, creator: Creator | None = None, pickle: bool = False, backup: Any = NoBackup):
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

    @_in_tasks
    def get(self) -> Any:
        """
        The value.

        :raises VariableNotSet: if it has none, and no backup
        """
        if not self.is_set():
            return self._unset_value()
        if self.pickle:
            with gzip.open(self.get_path(), "rb") as file:
                return pickle.load(file)
        with open(self.get_path(), encoding="utf-8") as text:
            return literal(text.read())

    def _unset_value(self) -> Any:
        if self.backup != NoBackup:
            return self.backup
        if settings.RAISE_VARIABLE_NOT_SET_EXCEPTION:
            raise VariableNotSet(f"the variable {self.get_path()} is not set yet, and has no backup=")
        return f"<UNFINISHED VARIABLE: {self.get_path()}>"

    def __str__(self) -> str:
        return str(self.get())

    def __repr__(self) -> str:
        if settings.LEGACY_VARIABLE_CONVERSION:
            return repr(self.get())
        return f"<Variable {self.rel_path()}{f' {self.get()}' if self.is_set() else ''}>"
