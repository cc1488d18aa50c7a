"""Options of datasets of speech: what RETURNN's own classes make of them."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy
import pytest

from jobs.options.datasets import check_dataset
from recipe.data.characters import character_targets
from recipe.data.dataset import label_dataset
from recipe.data.hdf import LabelStream, write_label_hdf
from recipe.data.speech_dataset import (
    combined_dataset,
    in_processes,
    length_buckets,
    log_mel_audio,
    ogg_zip_dataset,
    raw_audio,
    short_ones_first,
)

from ...recipe.data.corpus.examples import RATE, noise
from .epochs import archive, epoch_of

NAMES = "abcdefghij"
SECONDS = {name: 0.05 + 0.025 * ((7 * number) % 10) for number, name in enumerate(NAMES)}
"""From 0.05 to 0.275, in steps of 0.025; not sorted."""
BY_LENGTH = sorted(SECONDS, key=lambda name: SECONDS[name])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """An archive of ten sequences."""
    return archive(tmp_path_factory.mktemp("archive") / "corpus.zip", SECONDS)


def texts(path: Any, **options: Any) -> dict[str, Any]:
    """A dataset of texts alone."""
    return ogg_zip_dataset(path, audio=None, targets=character_targets("ABCDEFGHIJXYZ"), **options)


def order(options: dict[str, Any], epoch: int = 1) -> list[str]:
    """The names of an epoch, in order."""
    check_dataset(options, "train_data")
    return [tag.rstrip("'") for tag in epoch_of(options, epoch)]


def test_orders(path: str) -> None:
    assert order(texts(path)) == list(NAMES)
    assert order(texts(path, seq_ordering="sorted")) == BY_LENGTH
    first, second = (order(texts(path, seq_ordering="random"), epoch) for epoch in (1, 2))
    assert first != second and sorted(first) == sorted(second) == list(NAMES)


def test_length_buckets_are_sorted_up_and_down(path: str) -> None:
    found = [SECONDS[name] for name in order(texts(path, seq_ordering=length_buckets(5)))]
    assert found[:5] == sorted(found[:5]) and found[5:] == sorted(found[5:], reverse=True)
    assert order(texts(path, seq_ordering=length_buckets(5)), 2) != order(texts(path, seq_ordering=length_buckets(5)))


def test_short_ones_come_first_in_the_first_epochs(path: str) -> None:
    options = texts(path, seq_ordering=short_ones_first(num_epochs=2, then="random"))
    assert [order(options, epoch) == BY_LENGTH for epoch in (1, 2, 3)] == [True, True, False]
    assert order(options, 3) == order(texts(path, seq_ordering="random"), 3)


def test_longest_mean_of_epochs(path: str) -> None:
    options = texts(path, longest_mean={2: 0.1, 3: 0.135})
    kept = [set(order(options, epoch)) for epoch in (1, 2, 3, 4)]
    assert kept == [set(BY_LENGTH[:6]), set(BY_LENGTH[:6]), set(BY_LENGTH[:8]), set(NAMES)], "one exceeds the mean"
    assert numpy.mean([SECONDS[name] for name in BY_LENGTH[:5]]) == pytest.approx(0.1)
    assert order(options, 1) == [name for name in NAMES if name in BY_LENGTH[:6]], "in the order of before"


def test_partitioned_epochs_are_one_pass(path: str) -> None:
    options = texts(path, seq_ordering="random", partition_epoch=3)
    parts = [order(options, epoch) for epoch in (1, 2, 3)]
    assert [len(part) for part in parts] == [3, 3, 4] or sorted(map(len, parts)) == [3, 3, 4]
    assert sorted(sum(parts, [])) == list(NAMES)
    assert [order(options, epoch) for epoch in (4, 5, 6)] != parts
    assert sorted(order(texts(path, repeat_epoch=2))) == sorted(2 * NAMES)


def test_some_names_alone(path: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "names.txt").write_text("c\na\n")
    assert order(texts(path, segment_names=str(tmp_path / "names.txt"))) == ["a", "c"]
    subsets = [order(texts(path, random_subset=share)) for share in (0.4, 4)]
    assert subsets[0] == subsets[1] and len(subsets[0]) == 4


def test_several_archives_are_joined(path: str, tmp_path: pathlib.Path) -> None:
    other = archive(tmp_path / "other" / "corpus.zip", {"x": 0.1, "y": 0.2})
    options = ogg_zip_dataset([path, other], audio=raw_audio(), targets=None, seq_ordering="sorted")
    found = epoch_of(options)
    assert sorted(found) == sorted([*NAMES, "x", "y"])
    numpy.testing.assert_array_equal(found["y"]["data"][:, 0], noise("y", 0.2))


def test_archives_with_weights(path: str, tmp_path: pathlib.Path) -> None:
    """All of them in one order by length, and in partitions that are one pass."""
    other = archive(tmp_path / "corpus.zip", {"x": 0.1, "y": 0.2, "z": 0.3})
    options = texts([path, other], repeats=(1, 3), seq_ordering="sorted")
    seconds = [{**SECONDS, "x": 0.1, "y": 0.2, "z": 0.3}[name] for name in order(options)]
    assert seconds == sorted(seconds) and sorted(order(options)) == sorted([*NAMES, *(3 * "xyz")])
    halves = texts([path, other], repeats=(1, 3), seq_ordering="random", partition_epoch=2)
    assert sorted(order(halves, 1) + order(halves, 2)) == sorted(order(options))


@pytest.mark.parametrize("seq_ordering", ["random", "random_dataset", "interleave"])
def test_combination_of_all(path: str, tmp_path: pathlib.Path, seq_ordering: str) -> None:
    other = archive(tmp_path / "corpus.zip", {"x": 0.1, "y": 0.2, "z": 0.3})
    datasets = {
        name: ogg_zip_dataset(
            one,
            audio=raw_audio(),
            targets=character_targets("ABCDEFGHIJXYZ"),
            seq_ordering="sorted",
        )
        for name, one in (("large", path), ("small", other))
    }
    options = combined_dataset(datasets, repeats={"small": 2}, seq_ordering=seq_ordering)
    found = epoch_of(options)
    assert sorted(name.rstrip("'") for name in found) == sorted([*NAMES, *(2 * "xyz")])
    for name, streams in found.items():
        name = name.rstrip("'")
        assert ["ABCDEFGHIJXYZ"[one] for one in streams["classes"]] == [name.upper()]
        seconds = {**SECONDS, "x": 0.1, "y": 0.2, "z": 0.3}[name]
        numpy.testing.assert_array_equal(streams["data"][:, 0], noise(name, seconds))
    if seq_ordering == "random":
        halves = combined_dataset(datasets, repeats={"small": 2}, partition_epoch=2)
        assert sorted(order(halves, 1) + order(halves, 2)) == sorted(name.rstrip("'") for name in found)
    else:
        large = [SECONDS[name] for name in found if name in SECONDS]
        assert large == sorted(large), "each in its own order"


def test_combination_of_features_by_length(tmp_path: pathlib.Path) -> None:
    datasets = {}
    for name, tags in (("large", NAMES), ("small", "xyz")):
        labels = LabelStream([[0] * (1 + ord(tag) % 7) for tag in tags], ["label"])
        write_label_hdf(str(tmp_path / f"{name}.hdf"), list(tags), labels, {"classes": labels})
        datasets[name] = label_dataset(str(tmp_path / f"{name}.hdf"), seq_ordering="default")
    options = combined_dataset(datasets, repeats={"small": 2}, seq_ordering="sorted")
    lengths = [1 + ord(name) % 7 for name in order(options)]
    assert lengths == sorted(lengths) and sorted(order(options)) == sorted([*NAMES, *(2 * "xyz")])


def test_what_several_processes_would_read(path: str) -> None:
    """Without them, where there is no config; with them: test_training.py."""
    options = ogg_zip_dataset(path, audio=log_mel_audio(num_mel=10), targets=None, seq_ordering="random")
    alone, together = epoch_of(options), epoch_of(in_processes(options, 2))
    assert list(alone) == list(together)
    for name, streams in alone.items():
        numpy.testing.assert_array_equal(streams["data"], together[name]["data"])


def test_speeds_are_drawn_anew_in_each_epoch(path: str) -> None:
    options = ogg_zip_dataset(path, audio=raw_audio(speeds=(0.5, 1.0, 2.0)), targets=None)
    drawn = []
    for epoch in range(1, 7):
        factors = {
            name: len(streams["data"]) / (SECONDS[name] * RATE) for name, streams in epoch_of(options, epoch).items()
        }
        drawn.append([round(factor * 2) for factor in factors.values()])
        assert all(abs(factor - near) < 0.01 for factor in factors.values() for near in [round(factor * 2) / 2])
    assert len(set(map(tuple, drawn))) == 6
    assert set(sum(drawn, [])) == {1, 2, 4}
    assert epoch_of(options, 3).keys() == SECONDS.keys()
    again = [round(2 * len(one["data"]) / (SECONDS[name] * RATE)) for name, one in epoch_of(options, 3).items()]
    assert again == drawn[2], "the same epoch has the same speeds"


def test_features_at_other_speeds_are_shorter_and_longer(path: str) -> None:
    lengths = {
        speed: {
            name: len(streams["data"])
            for name, streams in epoch_of(
                ogg_zip_dataset(path, audio=log_mel_audio(num_mel=10, speeds=(speed,)), targets=None)
            ).items()
        }
        for speed in (0.5, 1.0, 2.0)
    }
    for name, seconds in SECONDS.items():
        assert [lengths[speed][name] for speed in (0.5, 1.0, 2.0)] == pytest.approx(
            [200 * seconds, 100 * seconds, 50 * seconds], abs=1
        )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: in_processes({}, 0), "num_workers=0: at least one"),
        (lambda: length_buckets(0), "a block has at least one"),
        (lambda: raw_audio(speeds=(90, 100)), r"speeds=\(90, 100\): speeds from 0.5 to 2 are meant"),
        (lambda: texts("a.zip", longest_mean={0: 1.0}), "epochs from 1 on"),
        (lambda: texts(["a.zip"], repeats=(0,)), r"repeats=\(0,\): a number from 1 on"),
        (
            lambda: combined_dataset({"a": texts("a.zip")}, seq_ordering="sorted"),
            "how long the sequences of 'a' are, an Ogg",
        ),
        (lambda: combined_dataset({"a": {}}, repeats={"b": 1}), r"repeats=.'b': 1.: numbers from 1 on for a"),
        (lambda: combined_dataset({"a": {}}, seq_ordering="interleave", partition_epoch=2), "option of each dataset"),
    ],
)
def test_wrong_arguments(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
