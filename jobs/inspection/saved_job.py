"""
A job as it was saved in its directory, by either engine.

Its ``job.save`` is a pickle of the job. It is read as plain data, without importing or calling anything that it names:
so it can be read after the config is gone, with either engine installed or none, and reading it runs no code.
"""

from __future__ import annotations

import collections
import gzip
import io
import os
import pickle
import tarfile
from typing import Any

_PLAIN = {
    ("builtins", name): value
    for name, value in {"set": set, "frozenset": frozenset, "complex": complex, "bytearray": bytearray}.items()
} | {("collections", "OrderedDict"): collections.OrderedDict}

_NAMES_A_CLASS = ("returnn_recurrent.job_classes", "job_class")
"""What gives the class of a job in a setup that uses this project under that name."""


class InspectionError(Exception):
    """What keeps a job from being shown, for the user."""


class Record:
    """
    An object of a pickle: the name of its class, and what it was made of.

    :ivar class_name: module and name of its class, or of the function that made it
    :ivar arguments: what it was made with
    :ivar state: its attributes
    :ivar items: what it holds, if it is a kind of list, set or dict
    """

    class_name = ""

    def __new__(cls, *arguments: Any, **named: Any) -> Record:
        record = object.__new__(cls)
        record.arguments = arguments
        record.state = dict(named)
        record.items = []
        return record

    def __init__(self, *arguments: Any, **named: Any):
        self.arguments: tuple[Any, ...]
        self.state: dict[str, Any]
        self.items: list[Any]

    def __setstate__(self, state: Any) -> None:
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                self.state.update(part)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items.append((key, value))

    def append(self, item: Any) -> None:
        """As a list."""
        self.items.append(item)

    def extend(self, items: Any) -> None:
        """As a list."""
        self.items.extend(items)

    add = append

    @property
    def short_name(self) -> str:
        """The name of its class alone."""
        return self.class_name.rpartition(".")[2]


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BufferedIOBase):
        super().__init__(file)
        self._classes: dict[str, type] = {}

    def find_class(self, module: str, name: str) -> Any:
        """A record for whatever is named, but for plain containers."""
        if (module, name) in _PLAIN:
            return _PLAIN[module, name]
        if (module, name) == _NAMES_A_CLASS:
            return self._record_class
        return self._record_class(module, name)

    def _record_class(self, module: str, name: str) -> type:
        full = f"{module}.{name}"
        return self._classes.setdefault(full, type("Record", (Record,), {"class_name": full}))


class SavedJob:
    """
    A job as it was saved.

    :param job_id: its id
    :param directory: its directory
    :raises InspectionError: if there is no saved job there, or a damaged one
    """

    def __init__(self, job_id: str, directory: str):
        self.job_id = job_id
        self.directory = directory
        record = _read(directory)
        self.class_name: str = record.class_name
        state = record.state
        self.arguments: dict[str, Any] = dict(state.get("_sis_kwargs") or state.get("_sis_parsed") or {})
        asked: dict[str, Any] = state.get("_sis_asked", {})
        self.unhashed = sorted(asked)
        self.arguments.update({name: value for name, (value, _) in asked.items()})
        self.inputs = sorted(_path_of(path) for path in state.get("_sis_inputs", ()))
        self.outputs = sorted(_path_of(path) for path in _outputs(state))
        self.work_dir = self._work_dir_when_saved()

    def _work_dir_when_saved(self) -> str:
        """The work directory in the paths of the saved job: it may have moved since."""
        marker = f"/{self.job_id}/"
        for path in self.outputs:
            if marker in path:
                return path.partition(marker)[0]
        return os.path.realpath(self.directory).removesuffix("/" + self.job_id)

    def relative(self, path: str) -> str:
        """A path of the saved job without the work directory, so that outputs of jobs start with their ids."""
        return path.removeprefix(self.work_dir + "/")


def _outputs(state: dict[str, Any]) -> list[Record]:
    outputs = state.get("_sis_outputs", {})
    return [path for path in outputs.values() if isinstance(path, Record)]


def _path_of(path: Record) -> str:
    return str(path.state.get("path", ""))


def saved_bytes(directory: str) -> bytes:
    """
    What an engine saved of the job in a directory: a pickle, compressed.

    :raises InspectionError: if nothing is there
    """
    saved, archive = os.path.join(directory, "job.save"), os.path.join(directory, "finished.tar.gz")
    if os.path.exists(saved):
        with open(saved, "rb") as file:
            return file.read()
    if os.path.exists(archive):
        with tarfile.open(archive) as tar:
            member = tar.extractfile("job.save")
            return member.read() if member is not None else b""
    raise InspectionError(f"{directory} has no job.save: no engine has set this job up")


def _read(directory: str) -> Record:
    try:
        record = _Unpickler(io.BytesIO(gzip.decompress(saved_bytes(directory)))).load()
    except (OSError, EOFError, KeyError, pickle.UnpicklingError, tarfile.TarError, AttributeError, ValueError) as error:
        raise InspectionError(f"the saved job in {directory} cannot be read: {error}") from error
    if not isinstance(record, Record):
        raise InspectionError(f"what is saved in {directory} is no job")
    return record
