"""Options that RETURNN does not know are told when the graph is written, with what was probably meant."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from jobs.options.batches import check_batches
from jobs.options.datasets import check_dataset
from jobs.options.names import allow_options, check_names
from jobs.options.optimizers import check_optimizer
from recipe.nn.plain.python_source import PythonCode

HDF = {"class": "HDFDataset", "files": ["train.hdf"]}


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"lerning_rate": 0.1}, ValueError, "reads no option 'lerning_rate'. Did you mean 'learning_rate'?"),
        ({"learning_rates": [0.1], "Batch_size": 10}, ValueError, "Did you mean 'batch_size'?"),
        ({"foo_bar_baz": 1}, ValueError, r"allow_options\('foo_bar_baz'\)"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate is a number, not 'fast'"),
        ({"learning_rate": [0.1]}, TypeError, "learning_rate is a number, not"),
        ({"save_interval": 1.5}, TypeError, "save_interval is a whole number, not 1.5"),
        ({"sort_dataset": "yes"}, TypeError, "sort_dataset is True or False, not 'yes'"),
    ],
)
def test_names_and_kinds(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        check_names(options)


def test_what_returnn_reads() -> None:
    """Text that is a number, no value, values that come later, and Python code."""
    later = PythonCode("1e-3")
    check_names({"learning_rate": "1e-3", "gradient_clip": None, "momentum": 0, "batch_size": {"data": 10}})
    check_names({"learning_rate": later, "sort_dataset": 1, "tf_session_opts": {}, "torch_amp": "bfloat16"})


def test_let_through() -> None:
    with pytest.raises(ValueError):
        check_names({"option_of_my_dataset": 1})
    allow_options("option_of_my_dataset")
    check_names({"option_of_my_dataset": 1})


@pytest.mark.parametrize(
    "optimizer, engine, message",
    [
        ({"class": "adamm"}, "tensorflow", "no optimizer 'adamm' .* Did you mean 'adam'"),
        ("adamm", "torch", "Did you mean 'adam'"),
        ({"class": "lbfgs"}, "tensorflow", "no optimizer 'lbfgs'"),
        ({"epsilon": 1e-8}, "tensorflow", 'has no "class"'),
        ({"class": "adam", "epsilom": 1e-8}, "tensorflow", "takes no 'epsilom'.* Did you mean 'epsilon'"),
        ({"class": "adam", "betas": (0.9, 0.99)}, "tensorflow", "takes no 'betas'.* beta1"),
        ({"class": "adamw", "weight_decai": 0.1}, "torch", "Did you mean 'weight_decay'"),
        ({"class": "adam", "learning_rate": 0.1}, "torch", 'learning_rate stands beside "optimizer"'),
    ],
)
def test_optimizers(optimizer: Any, engine: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_optimizer({"optimizer": optimizer}, engine)


def test_optimizers_that_there_are() -> None:
    for engine in ("tensorflow", "torch"):
        for name in ("Adam", "adamw", "gradientdescent", "momentum", "nadam", "rmsprop", "sgd"):
            check_optimizer({"optimizer": {"class": name}}, engine)
        check_optimizer({"optimizer": {"class": "adam", "epsilon": 1e-8, "beta1": 0.9}}, engine)
        check_optimizer({"learning_rate": 0.1}, engine)
    check_optimizer({"optimizer": {"class": "package.module.Class", "anything": 1}}, "torch")


@pytest.mark.parametrize(
    "dataset, message",
    [
        ({"files": []}, 'train_data has no "class"'),
        ({"class": "HDFDatset", "files": []}, "no dataset 'HDFDatset'. Did you mean 'HDFDataset'"),
        (
            {**HDF, "seq_ordering": "lapalce:.9"},
            "no seq_ordering='lapalce:.9'. Did you mean 'laplace'. There are: default",
        ),
        ({**HDF, "partition_epoch": 0}, "partition_epoch is a number from 1 on, not 0"),
        ({**HDF, "partition_epochs": 2}, "takes no 'partition_epochs'. Did you mean 'partition_epoch'"),
        (
            {"class": "MetaDataset", "datasets": {"a": {**HDF, "file": "x"}}, "data_map": {}},
            r"train_data\['datasets'\]\['a'\]: HDFDataset takes no 'file'",
        ),
        (
            {"class": "CombinedDataset", "datasets": {"a": {"class": "HDFSDataset"}}, "data_map": {}},
            r"\['a'\]: RETURNN has no dataset 'HDFSDataset'",
        ),
    ],
)
def test_datasets(dataset: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_dataset(dataset, "train_data")


def test_datasets_that_there_are(caplog: pytest.LogCaptureFixture) -> None:
    check_dataset({**HDF, "seq_ordering": "laplace:.1000", "partition_epoch": 4}, "train_data")
    targets = {"class": "BytePairEncoding", "vocab_file": "vocab", "bpe_file": "codes"}
    check_dataset({"class": "OggZipDataset", "path": "x.zip", "targets": targets, "audio": None}, "dev_data")
    check_dataset(PythonCode("dataset"), "train_data")
    assert not caplog.records


def test_files_that_are_not_there(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "jobs"):
        check_dataset({"class": "HDFDataset", "files": ["/nowhere/train.hdf", __file__]}, "train_data")
    (record,) = caplog.records
    assert record.getMessage().startswith("train_data['files'][0] names /nowhere/train.hdf, which is not there.")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"batch_size": {"data": 0, "classes": 10}}, r"batch_size\['data'\] is 0"),
        ({"max_seqs": 0}, "max_seqs is 0"),
        ({"min_seq_length": 20, "max_seq_length": 10}, "min_seq_length is 20, and max_seq_length 10"),
        ({"batch_size": 100, "chunking": "200:100"}, "chunks of 200 frames, and batch_size is 100"),
        ({"batch_size": {"data": 10}, "chunking": ({"data": 20}, {"data": 10})}, r"chunking\['data'\]"),
    ],
)
def test_batches(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_batches(options)


def test_batches_that_sequences_fit() -> None:
    check_batches({"batch_size": 5000, "max_seqs": 200, "chunking": "100:50", "max_seq_length": {"classes": 75}})
    check_batches({"batch_size": {"data": 5000}, "chunking": (100, 50), "min_seq_length": 1})
    check_batches({"chunking": None, "batch_size": PythonCode("size")})
