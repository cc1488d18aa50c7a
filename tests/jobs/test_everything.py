"""Each job with real RETURNN and sclite, on one training of seconds; see ``configs/everything.py`` beside this file."""

from __future__ import annotations

import json
import pathlib

import h5py
import numpy
import pytest

from jobs.checkpoint import FILES_OF
from jobs.edit_distance import best_match
from jobs.hypotheses import Hypothesis, read_hypotheses
from jobs.learning_rates import best_epochs, read_learning_rates, score_keys
from jobs.references import read_references
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES

from .configs.everything import NUM_EPOCHS, Encoded, Logits
from .configs.tiny import tiny_model

pytestmark = pytest.mark.xdist_group("everything")


def _alias(setup: pathlib.Path, name: str) -> pathlib.Path:
    return (setup / "alias" / name).resolve() / "output"


def _text(setup: pathlib.Path, name: str) -> str:
    return (setup / "output" / name).read_text()


def _parameters(setup: pathlib.Path) -> dict[str, numpy.ndarray]:
    with numpy.load(_alias(setup, "export") / "model" / "parameters.npz") as file:
        return dict(file)


def _letters(words: list[str]) -> tuple[numpy.ndarray, numpy.ndarray]:
    lengths = numpy.array([len(word) for word in words])
    feed = numpy.zeros((len(words), lengths.max()), "int32")
    for row, word in zip(feed, words):
        row[: len(word)] = LETTERS.encode(word)
    return feed, lengths


def test_training_outputs(everything: pathlib.Path, engine: str) -> None:
    output = _alias(everything, "training")
    curves = json.loads((output / "learning_curves.json").read_text())
    assert list(curves) == [str(epoch) for epoch in range(1, NUM_EPOCHS + 1)]
    scores = {
        "tensorflow": {"dev_error", "dev_score", "train_error", "train_score"},
        "torch": {f"{part}_loss_{loss}" for part in ("dev", "train") for loss in ("cross_entropy", "frame_error")},
    }
    assert set(curves["3"]["scores"]) == scores[engine]
    assert curves["3"]["learning_rate"] == pytest.approx(0.03) and curves["3"]["seconds"] >= 0
    assert (output / "learning_curves.png").read_bytes().startswith(b"\x89PNG")
    assert int((output / "num_params").read_text()) == 1659
    assert "start epoch 12" in (output / "returnn.log").read_text()


def test_checkpoints_kept_are_those_asked_for(everything: pathlib.Path, engine: str) -> None:
    """Epoch 4 by ``keep_epochs``, the last two for their average, and the best one by each score."""
    output = _alias(everything, "training")
    found = read_learning_rates(str(output / "learning_rates"))
    best = {best_epochs(found, key)[0] for key in score_keys(found)}
    kept = {int(path.name.split(".")[1]) for path in (output / "models").glob(f"epoch.*{FILES_OF[engine][-1]}")}
    assert kept == {4, 11, 12} | best


def test_each_checkpoint_is_recognised_and_the_best_is_told(everything: pathlib.Path) -> None:
    lines = _text(everything, "checkpoints").splitlines()
    names = [line.split()[0] for line in lines[2:5]]
    assert names == ["epoch_004", "best_dev_score", "average_of_last_2"]
    rates = {line.split()[0]: float(line.split()[1]) for line in lines[2:5]}
    best = min(rates, key=lambda name: rates[name])
    assert rates["epoch_004"] > rates["best_dev_score"]  # it learns
    assert _text(everything, "best_row") == f"'{best}'\n"
    assert _text(everything, "live.txt").splitlines() == lines[:5]


def test_average_is_the_mean_of_its_checkpoints(everything: pathlib.Path) -> None:
    """What was searched with the average differs from both of its parts."""
    found = {
        name: (_alias(everything, f"search_{name}") / "hypotheses.jsonl").read_text()
        for name in ("average_of_last_2", "best_dev_score", "epoch_004")
    }
    assert len(set(found.values())) == 3


def test_exported_parameters_and_numpy_give_the_hypotheses_of_returnn(everything: pathlib.Path) -> None:
    found = read_hypotheses(str(_alias(everything, "search_best_dev_score") / "hypotheses.jsonl"))
    network = nn.Network(tiny_model(), search=nn.BeamSearch(4), max_seq_len=12)
    words = sorted(found)
    run = nn.run_numpy(network, {"data": _letters(words)}, _parameters(everything))
    best = run.outputs["output"].sequences()[::4]  # of four hypotheses a word, best first
    for number, word in enumerate(words):
        assert tuple(PHONES.decode(best[number])) == found[word][0].labels


def test_search_writes_the_beam_in_order_and_its_time(everything: pathlib.Path) -> None:
    output = _alias(everything, "final")
    found = read_hypotheses(str(output / "hypotheses.jsonl"))
    assert len(found) == 14
    for items in found.values():
        assert len(items) == _tuned(everything)["beam_size"] > 1
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
    seconds = float((output / "search_time").read_text())
    frames = sum(map(len, found))  # a frame a letter, of 0.1 s
    assert float((output / "rtf").read_text()) == pytest.approx(seconds / (0.1 * frames))
    assert (output / "best.trn").read_text().splitlines()[0] == f"{' '.join(found['abbey'][0].labels)} (all-abbey)"
    ctm = [line.split() for line in (output / "best.ctm").read_text().splitlines() if line.startswith("abbey ")]
    assert [fields[4] for fields in ctm] == list(found["abbey"][0].labels)
    assert sum(float(fields[3]) for fields in ctm) == pytest.approx(0.5, abs=0.01)


def _tuned(setup: pathlib.Path) -> dict[str, float]:
    return {name: float(_text(setup, f"tuned/{name}")) for name in ("beam_size", "length_normalization")}


def test_tuning_takes_the_best_of_the_grid(everything: pathlib.Path) -> None:
    """The table has all four, its star is at the least value, and the variables are those of that row."""
    header, _, *rows = (line.split() for line in _text(everything, "tuned.txt").splitlines())
    assert header == ["setting", "beam_size", "length_normalization", "value"]
    table = [{name: float(cell) for name, cell in zip(header[1:], row[-3:])} for row in rows]
    assert [(row["beam_size"], row["length_normalization"]) for row in table] == [(2, 1), (2, 0), (4, 1), (4, 0)]
    best = min(range(4), key=lambda index: table[index]["value"])
    assert [index for index, row in enumerate(rows) if "*" in row] == [best]
    assert {name: table[best][name] for name in header[1:3]} == _tuned(everything)


def test_final_search_is_the_tuned_one(everything: pathlib.Path) -> None:
    """Also where the variables themselves stand in the network."""
    final = (_alias(everything, "final") / "hypotheses.jsonl").read_text()
    assert len(json.loads(final.splitlines()[0])["hypotheses"]) == _tuned(everything)["beam_size"]
    assert final == (_alias(everything, "with_variables") / "hypotheses.jsonl").read_text()


@pytest.mark.needs_sclite
def test_scoring_agrees_with_sclite(everything: pathlib.Path) -> None:
    report = json.loads((_alias(everything, "scoring") / "report.json").read_text())
    sclite = _alias(everything, "sclite")
    for ours, theirs in (
        ("errors", "num_errors"),
        ("substitutions", "num_substitution"),
        ("deletions", "num_deletions"),
        ("insertions", "num_insertions"),
        ("reference_labels", "ref_words"),
    ):
        assert report[ours] == int((sclite / theirs).read_text()), ours
    assert _text(everything, "wer") == _text(everything, "sclite")
    assert report["oracle_error_rate"] <= report["error_rate"]


def test_rescoring_gives_the_sums_that_search_found(everything: pathlib.Path) -> None:
    """Search may divide by the number of labels, with the end label; label smoothing of the training does not count."""
    exponent = _tuned(everything)["length_normalization"]
    found = read_hypotheses(str(_alias(everything, "final") / "hypotheses.jsonl"))
    rescored = read_hypotheses(str(_alias(everything, "rescoring") / "hypotheses.jsonl"))
    assert set(rescored) == set(found)
    for word, items in found.items():
        again = {item.labels: item.score for item in rescored[word]}
        assert list(again.values()) == sorted(again.values(), reverse=True)
        for item in items:
            length = min(len(item.labels) + 1, 12)
            assert again[item.labels] == pytest.approx(item.score * length**exponent, abs=1e-3), (word, item)


def test_forward_is_the_network_in_numpy(everything: pathlib.Path) -> None:
    network = nn.Network(Encoded(tiny_model()))
    for name in ("encoder", "mean"):
        with h5py.File(_alias(everything, "forward") / f"{name}.hdf") as file:
            tags = [tag.decode() for tag in file["seqTags"][:]]
            lengths, values = file["seqLengths"][:, 0], file["inputs"][:]
        assert len(tags) == 15
        run = nn.run_numpy(network, {"data": _letters([tag.split("#")[0] for tag in tags])}, _parameters(everything))
        result = run.outputs[name]
        expected = numpy.concatenate(result.sequences()) if name == "encoder" else result.value
        assert lengths.sum() == len(values)
        numpy.testing.assert_allclose(values, expected, atol=1e-4)


def test_prior_is_the_mean_of_the_posteriors(everything: pathlib.Path) -> None:
    prior = json.loads((_alias(everything, "prior") / "prior.json").read_text())
    assert sum(prior.values()) == pytest.approx(1.0, abs=1e-4) and list(prior) == list(PHONES.labels)
    logs = numpy.loadtxt(everything / "output" / "prior")
    numpy.testing.assert_allclose(numpy.exp(logs), list(prior.values()))
    lexicon = [line.split("\t") for line in (everything / "lexicon.tsv").read_text().splitlines()]
    targets = [PHONES.encode([*phones.split(), "</s>"]) for _, phones in lexicon]
    lengths = numpy.array([len(row) for row in targets])
    feed = numpy.zeros((len(targets), lengths.max()), "int32")
    for row, labels in zip(feed, targets):
        row[: len(labels)] = labels
    feeds = {"data": _letters([word for word, _ in lexicon]), "classes": (feed, lengths)}
    run = nn.run_numpy(nn.Network(Logits(tiny_model())), feeds, _parameters(everything))
    logits = numpy.concatenate(run.outputs["output"].sequences())
    posteriors = numpy.exp(logits - logits.max(axis=-1, keepdims=True))
    posteriors /= posteriors.sum(axis=-1, keepdims=True)
    numpy.testing.assert_allclose(list(prior.values()), posteriors.mean(axis=0), atol=1e-4)


def test_page_has_what_it_promises(everything: pathlib.Path) -> None:
    page = _text(everything, "page.html")
    assert _text(everything, "tiny & all/experiment.html") == page
    assert "tiny &amp; all" in page and "train, by step" in page and "data:image/svg+xml;base64," in page
    assert page.count('<div class="alignment">') == 14 and page.count("hypotheses of the beam") == 14
    assert "attention of decoder/attention" in page and "optimizer/class" in page
    network = nn.Network(tiny_model(label_smoothing=0.1))
    assert network.digest in page and "1,659 parameters" in page and "decoder/attention" in page
    training = (everything / "alias" / "training").resolve()
    assert f"jobs/training/{training.name}" in page
    while_it_trained = (training / "output" / "training.html").read_text()
    assert "train, by step" in while_it_trained and "It trains" not in while_it_trained
    assert "best dev" in while_it_trained


def test_comparison_of_equal_results(everything: pathlib.Path) -> None:
    lines = _text(everything, "comparison.txt").splitlines()
    assert (
        lines[2].split()[0] == "one" and lines[3].split()[0] == "other" and lines[3].endswith("+0.00 to +0.00  1.000")
    )


def test_oracle_and_rates_by_hand(everything: pathlib.Path) -> None:
    found = read_hypotheses(str(_alias(everything, "search_best_dev_score") / "hypotheses.jsonl"))
    references = read_references(
        str(next((everything / "work").glob("jobs/lexicon_references/*/output/references.jsonl")))
    )
    errors = [best_match(references[word].transcripts, found[word][0].labels) for word in references]
    rate = 100 * sum(error.count for error in errors) / sum(len(error.reference) for error in errors)
    table = {line.split()[0]: line.split()[-1] for line in _text(everything, "checkpoints").splitlines()[2:5]}
    assert float(table["best_dev_score"]) == pytest.approx(rate, abs=0.005)
    assert all(isinstance(item, Hypothesis) for items in found.values() for item in items)
