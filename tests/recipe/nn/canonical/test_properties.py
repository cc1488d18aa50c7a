"""
Rule H2 in both directions, on random programs (the same in every run).

Equal: one model, written as source files with other names, orders, helpers, modules, places. Different: two random
programs with one digest give the same results in NumPy.
"""

from __future__ import annotations

import importlib
import itertools
import pathlib
import sys
from collections.abc import Sequence
from typing import Any

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recipe import nn

from ..random_programs import Program, programs
from ..random_programs.model import RandomModel

pytestmark = pytest.mark.filterwarnings("ignore::recipe.nn.NetworkWarning")
FEW = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# A model that is written in many ways: names are drawn, and so is the order of lines that do not depend on each other.
SOURCE = """
{comment}
from recipe import nn
{helper}


class {module}(nn.Module):
    def __init__(self, labels, time, hidden):
        super().__init__()
        {made}

    def forward(self, search=None):
        {inputs}
        {encoder} = nn.tanh({source} * {number})
        {loop} = nn.Loop(max_seq_len=7 if search else None)
        {states}
        with {loop}:
            {x} = nn.concat(self.embedding({loop}.state.{label}), {loop}.state.{context})
            {h}, {loop}.state.{cell} = self.cell({x}, {loop}.state.{cell})
            {debug}
            {loop}.state.{context} = {attention}
            {scores} = self.readout([{h}, {loop}.state.{context}])
            {right} = None if search else {loop}.unstack({target})
            {loop}.state.{label} = nn.choice({scores}, search=search, target={right})
            if search:
                {loop}.end({loop}.state.{label} == 0)
            {stacked}
        return dict({outputs})
"""
NAMES = "module x h scores loop label cell context encoder source target right weights found".split()
WORDS = "alpha beta gamma delta eta theta iota kappa mu nu xi rho sigma tau".split()
MADE = (
    "self.labels, self.time, self.hidden = labels, time, hidden",
    "self.embedding = nn.Embedding(labels, nn.Dim(3, name='{x}'))",
    "self.cell = nn.LstmCell(hidden)",
    "self.readout = nn.Linear(labels)",
)
INPUTS = ("{source} = nn.get_extern_data('source')", "{target} = nn.get_extern_data('target')")
STATES = (
    "{loop}.state.{label} = nn.zeros([nn.batch_dim], dtype='int32', sparse_dim=self.labels)",
    "{loop}.state.{cell} = self.cell.initial_state()",
    "{loop}.state.{context} = nn.zeros([nn.batch_dim, self.hidden])",
)
STACKED = ("{weights} = {loop}.stack({scores})", "{found} = {loop}.stack({loop}.state.{label})")
DEBUG = ("pass", "nn.tanh({h}) * 3.0", "str({h})", "{loop}.last({h})", "assert {h}.dims")
COMMENTS = ("", "# a comment", "# another comment, and a much longer one", '"""What it is."""')
WEIGHTS = "nn.softmax_over_spatial(nn.dot({h}, {encoder}, reduce=self.hidden))"
INLINE = f"nn.dot({WEIGHTS}, {{encoder}}, reduce=self.time)"
HELPER = """
def attend({x}, {h}, {scores}):
    {loop} = nn.softmax_over_spatial(nn.dot({x}, {h}, reduce={scores}))
    return nn.dot({loop}, {h}, reduce={loop}.spatial_dim)
"""


class Writing:
    """
    One way to write the model.

    :param draw: hypothesis' function that chooses
    :param directory: for the files
    :param number: part of the files' names, which Python imports once
    """

    def __init__(self, draw: Any, directory: pathlib.Path, number: int):
        self.draw, self.directory = draw, directory
        words = draw(st.permutations(WORDS))
        self.file = f"{words[0]}_{number}"
        self.names = {**dict(zip(NAMES, words)), "module": words[0].capitalize()}

    def lines(self, lines: Sequence[str], indent: int = 8) -> str:
        """The lines in a drawn order."""
        return ("\n" + " " * indent).join(self.draw(st.permutations(lines))).format(**self.names)

    def one(self, texts: Sequence[str]) -> str:
        """One of the texts."""
        return self.draw(st.sampled_from(texts)).format(**self.names)

    def helper(self) -> tuple[str, str]:
        """Attention, in the model itself, or by a function there or in another file: its definition, and its call."""
        names = dict(zip(NAMES, self.draw(st.permutations(WORDS))))
        definition, where = HELPER.format(**names), self.one(["inline", "function", "file"])
        if where == "file":
            (self.directory / f"helper_of_{self.file}.py").write_text(f"from recipe import nn\n{definition}")
            definition = f"from helper_of_{self.file} import attend"
        if where == "inline":
            return "", INLINE.format(**self.names)
        return definition, "attend({h}, {encoder}, self.hidden)".format(**self.names)

    def source(self) -> str:
        """The whole file."""
        helper, attention = self.helper()
        outputs = ("scores={weights}", "labels={found}")
        return SOURCE.format(
            **self.names,
            comment=self.one(COMMENTS),
            helper=helper,
            made=self.lines(MADE),
            inputs=self.lines(INPUTS),
            number=self.one(["0.5", "0.50", "(1 / 2)", "5e-1"]),
            states=self.lines(STATES),
            debug=self.one(DEBUG),
            attention=attention,
            stacked=self.lines(STACKED, indent=12),
            outputs=", ".join(self.draw(st.permutations(outputs))).format(**self.names),
        )

    def network(self, search: nn.BeamSearch | None) -> nn.Network:
        """The network of the file, with inputs declared in a drawn order, dims of drawn names, and looked at or not."""
        (self.directory / f"{self.file}.py").write_text(self.source())
        module = importlib.import_module(self.file)
        names = self.draw(st.permutations(WORDS))
        labels, hidden = nn.Dim(5, name=names[0]), nn.Dim(4, name=names[1])
        times = [nn.Dim(None, name=name) for name in names[2:4]]
        inputs = [
            nn.ExternData("source", [nn.batch_dim, times[0], hidden]),
            nn.ExternData("target", [nn.batch_dim, times[1]], sparse_dim=labels),
        ]
        model = getattr(module, self.names["module"])(labels, times[0], hidden)
        declared = {data.name: data for data in self.draw(st.permutations(inputs))}
        network = nn.Network(model, extern_data=declared, search=search)
        if self.draw(st.booleans()):
            network.config_text(self.one(["cpu", "gpu"]))
            network.summary()
        return network


COUNT = itertools.count()


@pytest.mark.parametrize("search", [None, nn.BeamSearch(3)])
def test_one_model_in_many_writings(
    search: nn.BeamSearch | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    seen: set[str] = set()
    sources: set[str] = set()

    @FEW
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        writing = Writing(data.draw, tmp_path, next(COUNT))
        importlib.invalidate_caches()
        seen.add(writing.network(search).digest)
        sources.add((tmp_path / f"{writing.file}.py").read_text())

    check()
    assert len(seen) == 1
    assert len(sources) > 20


def _outputs(network: nn.Network, program: Program) -> dict[str, Any]:
    generator = numpy.random.default_rng(3)
    parameters = {
        name: generator.normal(size=p.shape).astype("float32") for name, p in sorted(network.parameters.items())
    }
    run = nn.run_numpy(network, program.feeds(), parameters)
    return {**{name: result.value for name, result in run.outputs.items()}, **run.losses}


def _network(program: Program) -> nn.Network | None:
    """The network of a program; None for a program that makes no sense."""
    try:
        return nn.Network(RandomModel(program))
    except nn.NetworkError:
        return None


@settings(FEW, max_examples=60)
@given(data=st.data())
def test_programs_with_one_digest_give_one_result(data: st.DataObject) -> None:
    """A program, and one in which a statement or an option is another one: equal digests only for equal results."""
    program, more = (data.draw(programs(max_statements=4, depth=1)) for _ in range(2))
    position = data.draw(st.integers(0, len(program.body) - 1))
    body = (*program.body[:position], more.body[0], *program.body[position + 1 :])
    option = data.draw(st.sampled_from(["body", "body", "end", "max_seq_len", "initial", "length_normalization"]))
    other = program._replace(**{option: body if option == "body" else getattr(more, option)})
    networks = _network(program), _network(other)
    if networks[0] is None or networks[1] is None or networks[0].digest != networks[1].digest:
        return
    results = [_outputs(network, one) for network, one in zip(networks, (program, other)) if network is not None]
    assert results[0].keys() == results[1].keys()
    for name, value in results[0].items():
        numpy.testing.assert_array_equal(value, results[1][name])


@settings(FEW, max_examples=60)
@given(program=programs(max_statements=4, depth=2), names=st.permutations(WORDS))
def test_random_programs_with_other_names(program: Program, names: list[str]) -> None:
    """Names of dims, and the order in which attributes are assigned, do not count."""
    first, second = RandomModel(program), RandomModel(program)
    for dim, name in zip((*second.times, second.features, second.others, second.labels, second.positions), names):
        dim.name = name
    attributes = dict(vars(second))
    for name in sorted(attributes, reverse=True):
        delattr(second, name)
        setattr(second, name, attributes[name])
    assert nn.Network(first).digest == nn.Network(second).digest
