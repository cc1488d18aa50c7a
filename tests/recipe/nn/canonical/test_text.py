"""The text of a canonical form is what JSON makes of the form, so it can be written without the form."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import HealthCheck, given, settings

from recipe import nn
from recipe.nn.canonical.form import canonical_form, hashed
from recipe.nn.canonical.text import FormWriter

from ..golden_networks import NETWORKS
from ..random_programs import Program, programs
from ..random_programs.all_forms import all_forms
from ..random_programs.model import RandomModel

pytestmark = pytest.mark.filterwarnings("ignore::recipe.nn.NetworkWarning")
MANY = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


class GivenLater:
    """A number that a job gives."""

    def __init__(self, value: float):
        self.value = value

    def is_set(self) -> bool:
        return False

    def get(self) -> float:
        raise AssertionError("it is not there yet")

    def _sis_hash(self) -> bytes:
        return f'(Variable, "né", {self.value})'.encode()


def check(network: nn.Network) -> None:
    """Its text is JSON of the form, and the digest is that of the text, with and without the form."""
    form = canonical_form(network)
    text = json.dumps(form.form, sort_keys=True, separators=(",", ":"), allow_nan=False)
    assert FormWriter(network).text() == text
    assert form.digest == hashed(network).digest == network.digest == hashlib.sha256(text.encode()).hexdigest()
    assert form.delayed == hashed(network).delayed == network.delayed


@MANY
@given(programs())
def test_random_programs(program: Program) -> None:
    check(nn.Network(RandomModel(program)))


@MANY
@given(all_forms())
def test_random_programs_of_all_forms(program: Program) -> None:
    check(nn.Network(RandomModel(program)))


@pytest.mark.parametrize("name", NETWORKS)
def test_kept_networks(name: str) -> None:
    check(NETWORKS[name]())


def test_numbers_that_json_has_not_words_that_it_escapes_and_what_jobs_give() -> None:
    size, scale, words = GivenLater(5), GivenLater(0.5), GivenLater(3)
    given_labels = nn.Dim(size, "words", labels=words)
    labels = nn.Dim(3, "labels", labels=["a", 'b"\\', "ü\n"])
    rest = nn.Dim(size, "given")

    def model() -> dict[str, nn.Tensor]:
        time = nn.Dim(None, "time")
        x = nn.get_extern_data(nn.ExternData("dätä", [nn.batch_dim, time, rest]))
        y = nn.get_extern_data(nn.ExternData("labels", [nn.batch_dim, time], sparse_dim=labels))
        z = nn.get_extern_data(nn.ExternData("words", [nn.batch_dim, time], sparse_dim=given_labels))
        total = nn.reduce_sum(x, axis=rest)
        nn.reduce_sum(total, axis=time).mark_as_loss("wrong", as_error=True)
        nn.reduce_mean(total, axis=time).mark_as_loss("right", scale=scale)
        numbers = [float("inf"), -float("inf"), float("nan"), -0.0, 1e300, 2.0**60, 3]
        ends = {f"number{place}": nn.where(total > 0.0, total, number) for place, number in enumerate(numbers)}
        wide = nn.concat(x, x)
        return {
            **ends,
            "both": wide,
            "labels": y,
            "words": z,
            "twice": nn.Linear(rest * 2 + 1)(wide),
            "halves": x * scale,
        }

    network = nn.Network(model)
    assert {one.source for one in network.delayed} == {size, scale, words}
    check(network)
