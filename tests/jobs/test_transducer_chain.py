"""From CTC to a transducer, with real RETURNN; see ``configs/transducer.py`` beside this file."""

from __future__ import annotations

import json
import pathlib

import pytest
from sisyphus import tk

from jobs.checkpoint import FILES_OF, Checkpoint
from jobs.checkpoint_values import read_checkpoint
from jobs.hypotheses import read_hypotheses
from recipe import nn
from recipe.data.hdf import read_sequences
from recipe.models.ctc import BLANK

from .configs.transducer import PHONES_ALONE, TOPOLOGY, models
from .setup_directory import LEXICON, make_setup, run_manager

pytestmark = [pytest.mark.xdist_group("transducer-chain"), pytest.mark.usefixtures("warm_returnn")]

TOO_LONG = "w\tD AH B AH L Y UW\n"
FIRST_PRONUNCIATIONS: dict[str, tuple[str, ...]] = {}
for _line in (LEXICON + TOO_LONG).splitlines():
    _word, _phones = _line.split("\t")
    FIRST_PRONUNCIATIONS.setdefault(_word, tuple(_phones.split()))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory, engine: str) -> pathlib.Path:
    """A setup in which the config ran through."""
    setup = make_setup(tmp_path_factory.mktemp(f"transducer_{engine}") / "setup")
    (setup / "lexicon.tsv").write_text(LEXICON + TOO_LONG)
    run_manager(setup, f"configs/transducer.py({engine!r})")
    return setup


def output(setup: pathlib.Path, name: str) -> pathlib.Path:
    return (setup / "alias" / name).resolve() / "output"


def test_alignments_stand_for_the_references(chain: pathlib.Path) -> None:
    alignments = dict(read_sequences(str(output(chain, "alignment") / "alignments.hdf")))
    assert set(alignments) == set(FIRST_PRONUNCIATIONS) - {"w"}
    for word, alignment in alignments.items():
        names = [[*PHONES_ALONE, BLANK][label] for label in alignment]
        assert TOPOLOGY.labels(names, BLANK) == FIRST_PRONUNCIATIONS[word]
        assert TOPOLOGY.num_frames(names, BLANK) == 2 * len(word)
    report = json.loads((output(chain, "alignment") / "report.json").read_text())
    assert report["sequences"] == len(alignments) and report["skipped"] == ["w"]


def test_both_learn(chain: pathlib.Path) -> None:
    """Of words that they have seen, they get more phones than not; without training it is hardly one."""
    for system in ("ctc", "transducer"):
        assert float((chain / "output" / system / "per").read_text()) < 60.0, system


def test_checkpoints_have_parameters_alone(chain: pathlib.Path, engine: str) -> None:
    """Also where there is dropout in a loop: the state of its random numbers is none of them."""
    networks = dict(zip(("ctc", "training"), models()))
    for name, model in networks.items():
        prefix = output(chain, name) / "models" / "epoch.020"
        values = read_checkpoint(Checkpoint(tk.Path(f"{prefix}{FILES_OF[engine][-1]}")))
        assert set(values) - {"global_step"} == set(nn.Network(model).parameters), name


def test_rescored_alignments_have_the_scores_of_the_search(chain: pathlib.Path) -> None:
    found = read_hypotheses(str(output(chain, "search") / "hypotheses.jsonl"))
    rescored = read_hypotheses(str(output(chain, "rescoring") / "hypotheses.jsonl"))
    assert set(found) == set(rescored) == set(FIRST_PRONUNCIATIONS)
    for word, items in found.items():
        again = {item.labels: item.score for item in rescored[word]}
        assert len(items) == len(again) == 4
        for item in items:
            assert TOPOLOGY.num_frames(item.labels, BLANK) == 2 * len(word)
            assert again[item.labels] == pytest.approx(item.score, abs=1e-3), (word, item)


def test_labels_of_the_search(chain: pathlib.Path) -> None:
    found = read_hypotheses(str(output(chain, "search") / "hypotheses.jsonl"))
    labels = read_hypotheses(str(output(chain, "labels") / "hypotheses.jsonl"))
    for word, items in found.items():
        assert {item.labels for item in labels[word]} == {TOPOLOGY.labels(item.labels, BLANK) for item in items}
