"""Subwords where people look: ``./sis data`` and ``./sis try``."""

from __future__ import annotations

import numpy
import pytest
from sisyphus import tk

from jobs.data_view.sample_text import example_text
from jobs.hypotheses import Hypothesis
from jobs.inspection.saved_job import InspectionError
from jobs.subwords.training import SentencePieceTrainingJob
from jobs.trial.inputs import feeds_of
from jobs.trial.trial import print_found
from jobs.vocabularies import vocabularies_of
from recipe import nn
from recipe.data.subwords import sentence_pieces, words_of
from recipe.data.text_dataset import text_dataset

from ..conftest import RunJob


def test_text_goes_in_and_comes_out(texts: list[tk.Path], run_job: RunJob, capsys: pytest.CaptureFixture[str]) -> None:
    job = run_job(SentencePieceTrainingJob(texts, size=60))
    labels = nn.Dim(job.out_size, "labels", labels=job.out_labels)
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)

    def model() -> nn.Tensor:
        return nn.get_extern_data(data)

    vocabularies = vocabularies_of(text_dataset(texts, sentence_pieces(job.out_model)))
    array, lengths = feeds_of(nn.Network(model), ["ba ke", "no"], {}, vocabularies)["data"]
    names = job.out_labels.get()
    assert [words_of(names[label] for label in row[:length]) for row, length in zip(array, lengths)] == [
        ("ba", "ke"),
        ("no",),
    ]
    assert (array[0, lengths[0] - 1], array[1, lengths[1] - 1]) == (0, 0)
    shown = example_text(array[0], True, names)
    assert shown.endswith("(ba ke)") and "▁ba" in shown
    assert example_text(numpy.array([0, 1]), True, ["a", "b"]) == "[2] a b"
    print_found("x", [Hypothesis(("▁ba", "ke", "▁no"), -1.5)])
    assert capsys.readouterr().out == "x\n    -1.5000  bake no\n"


def test_a_model_that_is_gone(texts: list[tk.Path]) -> None:
    labels = nn.Dim(60, "labels")
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)

    def model() -> nn.Tensor:
        return nn.get_extern_data(data)

    vocabularies = vocabularies_of(text_dataset(texts, sentence_pieces(tk.Path("/gone.model"))))
    with pytest.raises(InspectionError, match=r"there is no /gone.model, by which text was made labels"):
        feeds_of(nn.Network(model), ["ba"], {}, vocabularies)
