"""A program that is copied op by op stays what it is."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.canonical.form import canonical_form
from recipe.nn.passes.rewriting import Rewriting

from ...models.small_model import small_feeds, small_model
from ..golden_networks import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_copy_has_the_same_form(name: str) -> None:
    network = NETWORKS[name]()
    assert canonical_form(Rewriting(network).run()).digest == network.digest


def test_copy_computes_the_same() -> None:
    network = nn.Network(small_model())
    copy = Rewriting(network).run()
    parameters = network.random_parameters()
    before, after = (nn.run_numpy(program, small_feeds(), parameters) for program in (network, copy))
    assert before.losses == after.losses and before.losses
    for name, result in before.outputs.items():
        numpy.testing.assert_array_equal(after.outputs[name].value, result.value)


def test_copy_has_the_modules_and_lines_of_the_user() -> None:
    network = nn.Network(small_model())
    copied = {(op.name, op.module_path(), op.source) for op in Rewriting(network).run().all_ops()}
    assert copied == {(op.name, op.module_path(), op.source) for op in network.all_ops()}
