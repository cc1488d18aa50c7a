"""Datasets that do not give what a network reads are found when the graph is made, damaged archives in the task."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.dataset_inputs import check_files, check_inputs
from recipe import nn
from recipe.data.characters import character_labels, character_targets
from recipe.data.hdf import LabelStream, write_feature_hdf
from recipe.data.speech_dataset import combined_dataset, in_processes, log_mel_audio, ogg_zip_dataset, raw_audio

ARCHIVE = tk.Path("/corpus.zip")
LETTERS = "AB "


class Frames(nn.Module):
    """Reads features and labels."""

    def __init__(self, features: int):
        super().__init__()
        time, labels = nn.Dim(None, "time"), nn.Dim(3, "letters", labels=character_labels(LETTERS))
        self.data = nn.ExternData("data", [nn.batch_dim, time, nn.Dim(features, "features")])
        self.classes = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=labels)

    def forward(self) -> None:
        nn.cast(nn.get_extern_data(self.classes), "float32").mark_as_loss("labels")
        data = nn.get_extern_data(self.data)
        nn.reduce_mean(data, axis=data.feature_dim).mark_as_loss("mean")


def archive(path: Any = ARCHIVE, **options: Any) -> dict[str, Any]:
    """A dataset of 12 features."""
    given = {"audio": log_mel_audio(num_mel=6, stack=2), "targets": character_targets(LETTERS), **options}
    return ogg_zip_dataset(path, **given)


NETWORK = nn.Network(Frames(12))


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            archive(audio=log_mel_audio(num_mel=5, stack=2)),
            "data: a frame of 'data' has 10 features, .* 12, dim 'features'",
        ),
        (archive(audio=raw_audio()), "data: a frame of 'data' has 1 features"),
        (archive(audio=None), "data: it gives 'orth', 'raw', 'classes', but not 'data', .* audio is None"),
        (archive(targets=None), "data: it gives 'orth', 'raw', 'data', but not 'classes', .* targets is None"),
        (in_processes(archive(audio=None), 2), "but not 'data', which the network reads"),
        (
            combined_dataset({"a": archive(), "b": archive(targets=character_targets("AB"))}),
            r"data\['datasets'\]\['b'\]: the labels of 'classes' .* 2 labels, but the network has 3",
        ),
        (
            {"class": "MetaDataset", "datasets": {"a": archive()}, "data_map": {"data": ("a", "data")}},
            "it gives 'data', but not 'classes'",
        ),
        (archive(tk.Path("/corpus.jsonl.gz")), "names that end with .zip, not /corpus.jsonl.gz"),
    ],
)
def test_what_is_other(dataset: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_inputs([NETWORK], dataset, "data")


def test_what_fits_or_says_nothing() -> None:
    for dataset in (archive(), in_processes(archive(), 2), combined_dataset({"a": archive(), "b": archive()})):
        check_inputs([NETWORK], dataset, "data")
    for dataset in ({"class": "HDFDataset", "files": []}, nn.PythonCode("data"), archive(audio={"features": "mfcc"})):
        check_inputs([NETWORK], dataset, "data")


def test_damaged_archives(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "corpus.zip"
    path.write_bytes(b"no archive")
    with pytest.raises(ValueError, match=f"train: {path} is no ZIP archive, or is damaged"):
        check_files([], in_processes(archive([tk.Path(str(path))]), 2), "train")


def test_hdf_files(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "features.hdf"
    dataset = {"class": "HDFDataset", "files": [tk.Path(str(path))]}

    def told(num_features: int, streams: dict[str, str]) -> str:
        targets = {name: LabelStream([[0, 1]], character_labels(labels)) for name, labels in streams.items()}
        write_feature_hdf(str(path), ["a"], [numpy.zeros((4, num_features))], targets)
        try:
            check_files([NETWORK], dataset, "train")
        except ValueError as error:
            return str(error)
        return ""

    assert told(12, {"classes": LETTERS}) == told(12, {"classes": LETTERS[:2]}) == ""
    assert told(11, {"classes": LETTERS}).startswith(
        f"train: 'data' of {path} has 11 features a frame, but the network"
    )
    assert "has 'B' as label 0, but in the network it is 'A', dim 'letters'" in told(12, {"classes": "BA "})
    assert "has 4 labels, but the network has 3, dim 'letters'" in told(12, {"classes": "AB C"})
    assert "has 'data', 'letters', but not 'classes', which the network reads" in told(12, {"letters": LETTERS})
    path.write_bytes(b"no HDF")
    check_files([NETWORK], dataset, "train")  # RETURNN tells what is wrong with it
