"""The audio files that a dataset was made of, by the tags of its sequences."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from recipe.data.festvox import read_voice


def recordings_of(options: Any, resolved: Any) -> dict[str, str]:
    """
    The recordings, where they are known: of features that :class:`jobs.speech_features.FestvoxFeaturesJob` made, and
    in the archives of RETURNN's OggZipDataset.

    :param options: RETURNN's options of a dataset, with paths as ``tk.Path``
    :param resolved: the same with file names
    """
    found: dict[str, str] = {}
    for path in paths_in(options):
        voice = getattr(path.creator, "voice", None)
        if type(path.creator).__name__ == "FestvoxFeaturesJob" and voice is not None and voice.available():
            found.update({one.name: one.wav for one in read_voice(voice.get_path())})
    for dataset in _datasets(resolved):
        if dataset.get("class") == "OggZipDataset":
            archives = dataset.get("path", [])
            for archive in [archives] if isinstance(archives, str) else archives:
                found.update(_of_archive(archive))
    return {tag: os.path.relpath(path) for tag, path in found.items()}


def paths_in(value: Any) -> Iterator[Any]:
    """All paths and variables of jobs in options."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from paths_in(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from paths_in(item)
    elif hasattr(value, "get_path") and hasattr(value, "creator"):
        yield value


def _datasets(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if "class" in value:
            yield value
        for item in value.values():
            yield from _datasets(item)


def _of_archive(archive: str) -> dict[str, str]:
    """The recordings of an archive of OggZipDataset, whose tags are their file names."""
    import ast
    import zipfile

    base = os.path.splitext(os.path.basename(archive))[0]
    with zipfile.ZipFile(archive) as file:
        if f"{base}.txt" not in file.namelist():
            return {}
        entries = ast.literal_eval(file.read(f"{base}.txt").decode())
    names = [entry["file"] for entry in entries if "file" in entry]
    return {name: f"{archive}/{base}/{name}" for name in names}
