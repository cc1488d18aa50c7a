"""The datasets of the trainings of a config, as text and pictures."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from recipe import nn

from ..inspection.job_graph import job_title, jobs_with_inputs
from ..returnn_process import resolve_paths
from .feature_pictures import draw_features, feature_streams
from .recordings import extract_recordings, paths_in, recordings_of
from .sample import Sample, read_sample
from .sample_text import sample_lines


def view_config(jobs: Sequence[Any], arguments: Sequence[str]) -> int:
    """
    Prints what the trainings would see, and draws features.

    :param jobs: those that the config asks for
    :param arguments: the config; how many sequences are shown and how many read; the epoch; the directory of pictures
    :return: exit status: 1 if there is no training, or a dataset that is there cannot be read
    """
    config, examples, most, epoch, pictures = arguments
    trainings = [job for job in jobs_with_inputs(jobs) if hasattr(job, "train_data") and hasattr(job, "dev_data")]
    if not trainings:
        print(f"{config} has no training", file=sys.stderr)
        return 1
    shown: dict[str, str] = {}
    failed = False
    for job in trainings:
        title = job_title(job)
        print(title)
        for part, options in (("train", job.train_data), ("dev", job.dev_data)):
            same = shown.setdefault(repr(_comparable(options)), f"{part} of {title}")
            if same != f"{part} of {title}":
                print(f"{part}: as {same}")
                continue
            print(f"{part}: {options.get('class', '?')}{order_text(options)}")
            missing = list(missing_lines(options, config))
            if missing:
                print("\n".join(f"  {line}" for line in missing))
                continue
            try:
                resolved = resolve_paths(options)
                with contextlib.redirect_stdout(io.StringIO()):  # RETURNN's log
                    sample = read_sample(resolved, examples=int(examples), most=int(most), epoch=int(epoch))
            except Exception as error:  # of whichever class of RETURNN's or of the user's
                print(f"  cannot be read: {type(error).__name__}: {error}")
                failed = True
                continue
            prefix = os.path.join(pictures, f"{file_name(title)}_{part}")
            recordings = {**recordings_of(options), **extract_recordings(resolved, sample.tags, prefix)}
            print("\n".join(sample_lines(sample, labels_of(job.network), recordings)))
            for picture in draw(sample, prefix):
                print(f"  picture: {picture}")
    return 1 if failed else 0


def missing_lines(options: Any, config: str) -> Iterator[str]:
    """What of a dataset is not there yet, and which job makes it."""
    for path in paths_in(options):
        if not path.available():
            maker = path.creator
            made = f"{job_title(maker)} makes it: ./sis manager {config}" if maker else "no job makes it"
            yield f"not there yet: {os.path.relpath(path.get_path())}; {made}"


def order_text(options: Mapping[str, Any]) -> str:
    """In which order, and which part of the data is an epoch."""
    values = {name: options[name] for name in ("seq_ordering", "partition_epoch") if name in options}
    parts = [f"{name} {value.code if isinstance(value, nn.PythonCode) else value}" for name, value in values.items()]
    return f", {', '.join(parts)}" if parts else ""


def labels_of(network: Any) -> dict[str, list[str]]:
    """By name of the input, the labels that a network gives it, where they are known."""
    if isinstance(network, nn.StagedNetwork):
        network = network.network_at(1)
    dims = {name: data.sparse_dim for name, data in getattr(network, "extern_data", {}).items()}
    return {name: list(dim.labels or ()) for name, dim in dims.items() if dim is not None and dim.has_labels}


def draw(sample: Sample, prefix: str) -> Iterator[str]:
    """Writes pictures of all features; gives their paths."""
    for stream in feature_streams(sample):
        path = f"{prefix}_{file_name(stream.key)}.png"
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        draw_features(sample, stream, path)
        yield os.path.normpath(path)


def file_name(title: str) -> str:
    """A title as part of the name of a file."""
    return re.sub(r"[^\w.-]+", "_", title).strip("_") or "data"


def _comparable(value: Any) -> Any:
    """Options, with the paths of files in place of objects."""
    if isinstance(value, Mapping):
        return sorted((str(key), _comparable(item)) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return [_comparable(item) for item in value]
    return str(value)
