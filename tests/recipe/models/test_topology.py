"""What alignments stand for, and those of CTC written in other topologies."""

from __future__ import annotations

import itertools

import pytest

from recipe.models.topology import CTC, RNA, RNNT, Topology

PATH = "_ a a _ a b b".split()


def test_labels() -> None:
    assert CTC.labels(PATH, "_") == ("a", "a", "b")
    assert RNA.labels(PATH, "_") == ("a", "a", "a", "b", "b")
    assert RNNT.labels(["_", "a", "a", "_"], "_") == ("a", "a")
    assert CTC.labels(["_", "_"], "_") == ()


@pytest.mark.parametrize(
    ("topology", "label_at", "expected"),
    [
        (CTC, "last", "_ a a _ a b b"),
        (RNA, "last", "_ _ a _ a _ b"),
        (RNA, "first", "_ a _ _ a b _"),
        (RNNT, "last", "_ _ a _ _ a _ _ b _"),
        (RNNT, "first", "_ a _ _ _ a _ b _ _"),
    ],
)
def test_from_ctc(topology: Topology, label_at: str, expected: str) -> None:
    assert topology.from_ctc(PATH, "_", label_at=label_at) == expected.split()


@pytest.mark.parametrize("label_at", ["first", "last"])
@pytest.mark.parametrize("topology", [CTC, RNA, RNNT], ids=lambda topology: topology.name)
def test_labels_and_frames_of_all_paths(topology: Topology, label_at: str) -> None:
    """Whatever CTC's path is, what is made of it stands for the same labels and goes over the same frames."""
    for length in range(5):
        for path in itertools.product(range(3), repeat=length):
            alignment = topology.from_ctc(path, 2, label_at=label_at)
            assert topology.labels(alignment, 2) == CTC.labels(path, 2)
            assert topology.num_frames(alignment, 2) == length


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match='label_at is "first" or "last", not \'middle\''):
        RNA.from_ctc(PATH, "_", label_at="middle")
    with pytest.raises(
        ValueError, match="mine: repeated labels can be one label only where each of them takes a frame"
    ):
        Topology("mine", label_takes_frame=False, merges_repeats=True)
