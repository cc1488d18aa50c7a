"""What a user types or names, as the input of a network: text as labels, recordings as features."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from jobs.inspection.job_names import Setup
from jobs.inspection.saved_job import InspectionError
from jobs.returnn_process import resolve_paths
from recipe import nn
from recipe.nn.plain.errors import did_you_mean


def feeds_of(
    network: nn.Network, texts: Sequence[str], features: Mapping[str, Any], models: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """
    The feeds of a batch, a sequence for each input.

    :param network: of a search, with one input
    :param models: the SentencePiece models that make labels of text, by name of the input
    :param texts: what was typed; for a network of features the names of files
    :param features: how recordings became features: arguments ``num_mel`` and ``stack``
    :return: by name of the input, the array [batch, time, ...] and the lengths
    :raises InspectionError: if the network has other inputs, or an input does not fit
    """
    if len(network.extern_data) != 1:
        raise InspectionError(
            f"the network has the inputs {', '.join(sorted(network.extern_data))}; only one can be given"
        )
    ((name, data),) = network.extern_data.items()
    dims = [dim for dim in data.dims if not dim.is_batch]
    model = (models or {}).get(name, {})
    if "model_file" in model:
        rows = [subwords(text, model) for text in texts]
    elif data.sparse_dim is not None:
        rows = [numpy.array(indices(text, data.sparse_dim), "int32") for text in texts]
    else:
        rows = [frames(text, dims[-1].size or 0, features) for text in texts]
    lengths = numpy.array([len(row) for row in rows], "int32")
    batch = numpy.zeros((len(rows), lengths.max(), *rows[0].shape[1:]), rows[0].dtype)
    for place, row in zip(batch, rows):
        place[: len(row)] = row
    return {name: (batch, lengths)}


def indices(text: str, dim: nn.Dim) -> list[int]:
    """
    The labels of a text: single characters where all labels are such, else what stands between spaces.

    :raises InspectionError: for one that is no label, or where the labels have no names
    """
    if not dim.has_labels:
        raise InspectionError(f"the labels {dim} of the input have no names: use nn.Dim(..., labels=[...])")
    known = {label: index for index, label in enumerate(dim.labels or ())}
    by_character = all(len(label) == 1 for label in known)
    found = []
    for label in text if by_character else text.split():
        index = known.get(label, known.get(label.lower(), known.get(label.upper())))
        if index is None:
            shown = " ".join(list(known)[:40]) + (" ..." if len(known) > 40 else "")
            raise InspectionError(
                f"{label!r} in {text!r} is no label of {dim}.{did_you_mean(label, known)} There are: {shown}"
            )
        found.append(index)
    if not found:
        raise InspectionError("an input is empty")
    return found


def subwords(text: str, options: Mapping[str, Any]) -> numpy.ndarray:
    """
    The labels of a text by a SentencePiece model.

    :param options: RETURNN's of the vocabulary
    """
    import sentencepiece

    model = resolve_paths(options["model_file"])
    if not os.path.exists(model):
        raise InspectionError(f"there is no {model}, by which text was made labels: make it again (./sis retry)")
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    return numpy.array(processor.encode(text, add_eos=bool(options.get("add_eos"))), "int32")


def frames(path: str, size: int, features: Mapping[str, Any]) -> numpy.ndarray:
    """
    The features of a recording [time, size], or an array of them that NumPy saved.

    :raises InspectionError: if there is no such file, or it has other features
    """
    if not os.path.exists(path):
        raise InspectionError(
            f"there is no file {path}: the network reads features, so give a .wav or .flac file, or .npy [time, {size}]"
        )
    if path.endswith(".npy"):
        found = numpy.load(path).astype("float32")
    elif not features:
        raise InspectionError(
            "how the features of its data were made is not known: give a .npy file of them [time, features]"
        )
    else:
        found = features_of_recording(path, **features)
    if found.ndim != 2 or found.shape[1] != size:
        raise InspectionError(f"{path} gives features {list(found.shape)}, and the network wants [time, {size}]")
    return found


def features_of_recording(path: str, *, num_mel: int = 40, stack: int = 3, normalise: bool = True) -> numpy.ndarray:
    """
    What the jobs and datasets of :mod:`recipe.data.log_mel` make of a recording.

    :raises InspectionError: if it is no mono recording that can be read
    """
    from recipe.data.corpus.audio import read_segment
    from recipe.data.corpus.corpus import Segment
    from recipe.data.log_mel import log_mel, normalised, read_wav, stacked_frames

    try:
        samples, rate = read_wav(path) if path.endswith(".wav") else read_segment(Segment("input", path, "", ""))
    except ValueError as error:
        raise InspectionError(str(error)) from error
    features = log_mel(samples, rate, num_mel=num_mel)
    return stacked_frames(normalised(features) if normalise else features, stack)


def features_behind(setup: Setup, data: Any) -> dict[str, Any]:
    """
    How the features of a dataset are made: the arguments of the job that did, or of
    :func:`recipe.data.speech_dataset.log_mel_audio`.

    :param data: RETURNN dataset options
    :return: empty if they are not made of recordings, or that is not known
    """
    audio = _audio(data)
    if audio is not None and getattr(audio.get("features"), "code", None) == "log_mel_features":
        options = dict(audio["feature_options"])
        return {"num_mel": audio["num_feature_filters"] // options["stack"], **options}
    for path in _paths(data):
        try:
            job = setup.job(path)
        except InspectionError:
            continue
        if job.class_name.endswith(".FestvoxFeaturesJob"):
            return {name: job.arguments[name] for name in ("num_mel", "stack") if name in job.arguments}
        if job.class_name.endswith(".CorpusFeaturesJob"):
            return {name: job.arguments[name] for name in ("num_mel", "stack", "normalise") if name in job.arguments}
    return {}


def _audio(data: Any) -> Mapping[str, Any] | None:
    """The option ``audio`` of the first OggZipDataset in options."""
    if not isinstance(data, Mapping):
        return None
    if data.get("class") == "OggZipDataset":
        found = data.get("audio")
        return found if isinstance(found, Mapping) else None
    return next((audio for item in data.values() if (audio := _audio(item)) is not None), None)


def _paths(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [path for item in value.values() for path in _paths(item)]
    if isinstance(value, (list, tuple)):
        return [path for item in value for path in _paths(item)]
    return [str(value)] if hasattr(value, "get_path") else []
