"""HDF files, read back by RETURNN's own dataset."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe.data.hdf import LabelStream, read_sequences, write_feature_hdf, write_label_hdf

LETTERS = LabelStream([[0, 1, 2], [2], [1, 1]], ["a", "b", "c"])
PHONES = LabelStream([[3], [0, 1, 2, 3], [2]], ["P", "Q", "R", "S"])


def test_returnn_reads_what_was_written(tmp_path: pathlib.Path) -> None:
    from returnn.datasets.hdf import HDFDataset

    path = str(tmp_path / "data.hdf")
    write_label_hdf(path, ["one", "two#2", "it's"], LETTERS, {"classes": PHONES})
    dataset = HDFDataset(files=[path])
    dataset.initialize()
    dataset.init_seq_order(epoch=1)
    dataset.load_seqs(0, 3)
    for index, tag in enumerate(["one", "two#2", "it's"]):
        assert dataset.get_tag(index) == tag
        assert list(dataset.get_data(index, "data")) == LETTERS.sequences[index]
        assert list(dataset.get_data(index, "classes")) == PHONES.sequences[index]
    assert dataset.num_seqs == 3
    assert dataset.labels["classes"] == PHONES.labels
    assert dataset.labels["data"] == LETTERS.labels


def test_file_without_targets(tmp_path: pathlib.Path) -> None:
    from returnn.datasets.hdf import HDFDataset

    path = str(tmp_path / "data.hdf")
    write_label_hdf(path, ["one", "two", "three"], LETTERS, {})
    dataset = HDFDataset(files=[path])
    dataset.initialize()
    dataset.init_seq_order(epoch=1)
    dataset.load_seqs(0, 3)
    assert [list(dataset.get_data(index, "data")) for index in range(3)] == LETTERS.sequences


def test_same_content_same_bytes(tmp_path: pathlib.Path) -> None:
    for name in ("a", "b"):
        write_label_hdf(str(tmp_path / name), ["x", "y", "z"], LETTERS, {"classes": PHONES})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_streams_of_other_length(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ValueError, match="stream 'data' has 3 sequences, but there are 1 tags"):
        write_label_hdf(str(tmp_path / "x"), ["one"], LETTERS, {"classes": PHONES})


def test_sequences_of_a_stream(tmp_path: pathlib.Path) -> None:
    path, empty = str(tmp_path / "data.hdf"), LabelStream([[], [1], []], ["x", "y"])
    write_label_hdf(path, ["one", "two", "three"], LETTERS, {"other": empty, "classes": PHONES})
    for stream, expected in (("data", LETTERS), ("classes", PHONES), ("other", empty)):
        found = [(tag, list(values)) for tag, values in read_sequences(path, stream)]
        assert found == list(zip(["one", "two", "three"], expected.sequences))
    with pytest.raises(ValueError, match=r"data\.hdf has no stream 'phones'; it has: data, classes, other"):
        next(read_sequences(path, "phones"))
    vectors = [numpy.ones((2, 3), "float32"), numpy.zeros((1, 3), "float32")]
    write_feature_hdf(path, ["one", "two"], vectors, {})
    for (tag, values), vector in zip(read_sequences(path), vectors):
        numpy.testing.assert_array_equal(values, vector, err_msg=tag)
