"""The audio files that a dataset was made of, by the tags of its sequences; those in archives as files to listen to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.corpus.ogg_zip import read_files, read_list
from recipe.data.festvox import read_voice


def recordings_of(options: Any) -> dict[str, str]:
    """
    The recordings as files, where they are known: of features that :class:`jobs.speech_features.FestvoxFeaturesJob` or
    :class:`jobs.corpus.features.CorpusFeaturesJob` made.

    :param options: RETURNN's options of a dataset, with paths as ``tk.Path``
    :return: paths by tag, with the seconds behind them for pieces of recordings
    """
    found: dict[str, str] = {}
    for path in paths_in(options):
        voice = getattr(path.creator, "voice", None)
        if type(path.creator).__name__ == "FestvoxFeaturesJob" and voice is not None and voice.available():
            found.update({one.name: os.path.relpath(one.wav) for one in read_voice(voice.get_path())})
        corpus = getattr(path.creator, "corpus", None)
        if type(path.creator).__name__ == "CorpusFeaturesJob" and corpus is not None and corpus.available():
            found.update({one.name: _named(one) for one in Corpus.read(corpus.get_path())})
    return found


def _named(segment: Segment) -> str:
    path = os.path.relpath(segment.audio)
    if segment.is_whole_file:
        return path
    return f"{path} from {segment.start:g} s to {'its end' if segment.end is None else f'{segment.end:g} s'}"


def extract_recordings(resolved: Any, tags: Sequence[str], prefix: str) -> dict[str, str]:
    """
    Writes sound files out of the archives of RETURNN's OggZipDataset.

    :param resolved: RETURNN's options of a dataset, with file names
    :param tags: of which sequences
    :param prefix: what the paths of the files begin with
    :return: paths by tag
    """
    found: dict[str, str] = {}
    for dataset in _datasets(resolved):
        archives = dataset.get("path", []) if dataset.get("class") == "OggZipDataset" else []
        for archive in [archives] if isinstance(archives, str) else archives:
            entries = {entry.get("seq_name", entry.get("file")): entry.get("file") for entry in read_list(archive)}
            wanted = [tag for tag in tags if entries.get(tag) is not None and tag not in found]
            for tag, content in zip(wanted, read_files(archive, [entries[tag] for tag in wanted])):
                path = f"{prefix}_{re.sub(r'[^A-Za-z0-9._-]', '_', tag)}"
                ending = os.path.splitext(str(entries[tag]))[1]
                found[tag] = os.path.normpath(path if path.endswith(ending) else path + ending)
                os.makedirs(os.path.dirname(found[tag]) or ".", exist_ok=True)
                with open(found[tag], "wb") as file:
                    file.write(content)
    return found


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
