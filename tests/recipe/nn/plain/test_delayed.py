"""Values that jobs give later: hashed by where they come from, asked for when the config is written or NumPy runs."""

from __future__ import annotations

import copy
import pathlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.plain.delayed import Delayed, is_delayed, origin_of, origin_text, resolved


class Output:
    """What a job gives, as an engine's variable."""

    def __init__(self, name: str, value: Any = None):
        self.name, self.value = name, value

    def is_set(self) -> bool:
        """Whether it has a value."""
        return self.value is not None

    def get(self) -> Any:
        """The value."""
        return self.value

    def _sis_hash(self) -> bytes:
        return f"(Path, (tuple, (str, 'jobs/count/CountJob.abc/output'), (str, '{self.name}')))".encode()


class Sum:
    """An expression, as Sisyphus makes objects of them: without a hash of its own."""

    def __init__(self, a: Any, b: Any):
        self.a, self.b = a, b

    def is_set(self) -> bool:
        """Whether it has a value."""
        return self.a.is_set()

    def get(self) -> Any:
        """The value."""
        return self.a.get() + self.b


class Speller(nn.Module):
    """A model with delayed values wherever they can stand."""

    def __init__(self, size: Any, scale: Any = 0.5, count: Any = 2, labels: Any = None, path: Any = None):
        super().__init__()
        self.scale, self.count = scale, count
        self.labels = nn.Dim(size, "labels", labels=labels)
        self.features = nn.Dim(4, "features")
        self.data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=self.labels)
        self.embedding = nn.Embedding(self.labels, self.features)
        self.readout = nn.Linear(self.labels + 1)
        if path is not None:
            self.embedding.W.initial = nn.NumpyFile(path)

    def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
        """A sum over a loop, or a search over its scores."""
        x = nn.dropout(self.embedding(nn.get_extern_data(self.data)), self.scale)
        y = self.readout(nn.concat(x, x * self.scale)) * self.scale
        scores, _ = nn.split(y, size_splits=[self.labels, 1])
        loop = nn.Loop(max_seq_len=self.count)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=self.labels)
        with loop:
            frame = loop.unstack(scores)
            if search is None:
                nn.reduce_sum(frame).mark_as_loss("loss", scale=self.scale)
                return loop.stack(frame)
            loop.state.label = nn.choice(frame, search=search, input_type="log_prob")
            return loop.stack(loop.state.label)


FEEDS = {"data": (numpy.array([[1, 2, 0], [3, 0, 0]]), [3, 1])}
WORDS = ["a", "b", "c", "d"]


def outputs(**values: Any) -> dict[str, Output]:
    """The outputs of a job, with values as far as given."""
    return {name: Output(name, values.get(name)) for name in ("size", "scale", "count", "labels")}


VALUES: dict[str, Any] = {"size": 4, "scale": 0.25, "count": 2, "labels": WORDS}


def test_hash_is_that_of_the_origin_before_and_after() -> None:
    before, after = nn.Network(Speller(**outputs())), nn.Network(Speller(**outputs(**VALUES)))
    other_values = nn.Network(Speller(**outputs(size=5, scale=0.125, count=3, labels=["x"] * 5)))
    assert before.digest == after.digest == other_values.digest
    assert before.digest != nn.Network(Speller(4, 0.25, 2, WORDS)).digest


@pytest.mark.parametrize("name", ["size", "scale", "count", "labels"])
def test_another_origin_is_another_hash(name: str) -> None:
    changed = {**outputs(), name: Output("other")}
    assert nn.Network(Speller(**changed)).digest != nn.Network(Speller(**outputs())).digest


def test_expressions_are_told_apart_by_what_they_hold() -> None:
    scales = [Output("scale"), Sum(Output("scale"), 1), Sum(Output("scale"), 2), Sum(Output("other"), 1)]
    digests = [nn.Network(Speller(4, scale)).digest for scale in scales]
    assert len(set(digests)) == 4
    assert nn.Network(Speller(4, Sum(Output("scale"), 1))).digest == digests[1]


@pytest.mark.parametrize("search", [None, nn.BeamSearch(2)])
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_config_is_that_of_the_values(device: str, search: nn.BeamSearch | None) -> None:
    delayed = nn.Network(Speller(**outputs(**VALUES)), search=search)
    given = nn.Network(Speller(4, 0.25, 2, WORDS), search=search)
    assert delayed.config_text(device) == given.config_text(device)


def test_numpy_runs_with_the_values() -> None:
    delayed, given = nn.Network(Speller(**outputs(**VALUES))), nn.Network(Speller(4, 0.25, 2, WORDS))
    parameters = given.random_parameters()
    runs = [nn.run_numpy(network, FEEDS, parameters, train=True) for network in (delayed, given)]
    numpy.testing.assert_array_equal(runs[0].outputs["output"].value, runs[1].outputs["output"].value)
    assert runs[0].losses == runs[1].losses
    assert runs[0].outputs["output"].value.shape == (2, 2, 4)


def test_beam_size_and_normalization_may_be_delayed() -> None:
    searches = [nn.BeamSearch(Output("beam", 3), Output("exponent", 0.5)), nn.BeamSearch(3, 0.5)]
    delayed, given = (nn.Network(Speller(4), search=search) for search in searches)
    assert delayed.config_text() == given.config_text()
    runs = [nn.run_numpy(network, FEEDS, given.random_parameters()) for network in (delayed, given)]
    numpy.testing.assert_array_equal(runs[0].beam_scores, runs[1].beam_scores)


@pytest.mark.parametrize("what", ["config", "numpy", "size"])
def test_a_value_that_is_not_there_is_told(what: str) -> None:
    model = Speller(**outputs(scale=0.25, count=2))
    network = nn.Network(model)
    uses: dict[str, Callable[[], Any]] = {
        "config": network.config_text,
        "numpy": lambda: nn.run_numpy(network, FEEDS),
        "size": lambda: model.labels.size,
    }
    with pytest.raises(nn.NetworkError, match="no value yet for the size of dim 'labels': jobs/count/CountJob.abc"):
        uses[what]()


def test_net_dict_and_summary_of_the_form_need_no_value() -> None:
    network = nn.Network(Speller(**outputs()))
    assert network.net_dict()["readout"]["out_dim"].name == "labels+1"
    assert [delayed.origin for delayed in network.delayed]
    assert "jobs give" in repr(network)


def test_a_value_that_does_not_fit_is_told_when_it_is_there() -> None:
    network = nn.Network(Speller(**outputs(**{**VALUES, "size": 0})))
    with pytest.raises(nn.NetworkError, match="must be a size of at least 1.*CountJob.abc/output/size gives 0"):
        network.config_text()
    network = nn.Network(Speller(**outputs(**{**VALUES, "scale": 1.5})))
    with pytest.raises(nn.NetworkError, match="the dropout rate must be at least 0 and below 1, but .* gives 1.5"):
        network.config_text()
    network = nn.Network(Speller(**outputs(**{**VALUES, "labels": ["a"]})))
    with pytest.raises(nn.NetworkError, match="has size 4, but .* gives 1 labels"):
        network.config_text()


def test_sizes_are_computed_from_delayed_ones() -> None:
    size = Output("size")
    one, two = nn.Dim(size, "one"), nn.Dim(3, "two")
    assert one + two is one + two and one + two is not one
    assert (one + two) - two is one and 2 * one // 2 is one
    assert one.is_static and (one + 1).is_static and one.known_size is None and (one // 2).known_size is None
    assert repr(one) == "one"
    size.value = 6
    assert [dim.size for dim in (one, one + two, 3 * one - 2, one // 2)] == [6, 9, 16, 3]
    assert one.known_size is None  # what is recorded must not depend on whether the job has run
    with pytest.raises(nn.NetworkError, match="one=6 is not divisible by 4"):
        (one // 4).size  # noqa: B018


def test_products_of_delayed_sizes() -> None:
    size = Output("size")
    one, two, three = nn.Dim(size, "one"), nn.Dim(3, "two"), nn.Dim(Output("three", 2), "three")
    product, parts = one * two, [one // two, two * one // 9, one // three, (one + two) // three]
    assert product.is_static and product.known_size is None and product // one is two and product // two is one
    size.value = 9
    assert product.size == 27 and [part.size for part in parts[:2]] == [3, 3] and parts[3].size == 6
    with pytest.raises(nn.NetworkError, match="one=9 is not divisible by three"):
        parts[2].size  # noqa: B018


def test_parts_of_a_split_are_checked_when_their_sizes_are_there() -> None:
    size = Output("size", 6)
    whole = nn.Dim(size, "whole")
    data = nn.ExternData("data", [nn.batch_dim, whole])
    network = nn.Network(lambda: nn.split(nn.get_extern_data(data), size_splits=[2, 3]))
    with pytest.raises(nn.NetworkError, match=r"the parts 2 \+ 3 do not add up to 6"):
        nn.run_numpy(network, {"data": numpy.zeros((1, 6))})
    halves = nn.Network(lambda: nn.split(nn.get_extern_data(data), 2))
    assert nn.run_numpy(halves, {"data": numpy.zeros((1, 6))}).outputs["0"].value.shape == (1, 3)


def test_products_of_delayed_sizes_count() -> None:
    def digest(make: Callable[[nn.Dim, nn.Dim], nn.Dim]) -> str:
        labels = make(nn.Dim(Output("size"), "labels"), nn.Dim(4, "copies"))
        data = nn.ExternData("data", [nn.batch_dim], sparse_dim=labels)
        return nn.Network(lambda: nn.cast(nn.get_extern_data(data), "float32")).digest

    makes: list[Callable[[nn.Dim, nn.Dim], nn.Dim]] = [
        lambda labels, copies: labels * copies,
        lambda labels, copies: labels * labels,
        lambda labels, copies: labels // copies,
        lambda labels, copies: labels,
    ]
    assert len({digest(make) for make in makes}) == 4


def test_sums_of_delayed_sizes_count() -> None:
    def digest(more: int) -> str:
        labels = nn.Dim(Output("size"), "labels")
        data = nn.ExternData("data", [nn.batch_dim], sparse_dim=labels + more)
        return nn.Network(lambda: nn.cast(nn.get_extern_data(data), "float32")).digest

    assert digest(1) == digest(1) != digest(2)


def test_pickled_before_the_value_is_there() -> None:
    values = outputs()
    network = nn.Network(Speller(**values))
    data = pickle.dumps((network, values))
    again, values = pickle.loads(data)
    for name, value in VALUES.items():
        values[name].value = value
    assert again.digest == network.digest
    assert again.config_text() == nn.Network(Speller(4, 0.25, 2, WORDS)).config_text()


def test_job_is_told_what_it_needs() -> None:
    values = outputs()
    network = nn.Network(Speller(**values))
    state = network.__sis_state__()
    assert state["digest"] == network.digest
    assert {id(source) for source in state["delayed"]} == {id(value) for value in values.values()}
    assert {id(d.source) for d in copy.deepcopy(network).delayed} == {id(value) for value in values.values()}


def test_initial_values_from_a_file(tmp_path: pathlib.Path) -> None:
    path = Output("embedding.npy", str(tmp_path / "embedding.npy"))
    values = numpy.arange(16, dtype="float32").reshape(4, 4)
    numpy.save(path.value, values)
    network = nn.Network(Speller(4, path=path))
    numpy.testing.assert_array_equal(network.random_parameters()["embedding/W"], values)
    assert f"constant_initializer(numpy.load('{path.value}'))" in network.config_text()
    assert path in network.__sis_state__()["delayed"]
    assert network.digest != nn.Network(Speller(4, path=Output("other.npy"))).digest
    numpy.save(path.value, values[:2])
    with pytest.raises(nn.NetworkError, match=r"array of shape \(2, 4\), but the parameter has \(4, 4\)"):
        network.random_parameters()


def test_delayed_initial_value_and_weight_decay() -> None:
    def network(value: Any, decay: Any) -> nn.Network:
        model = nn.Linear(nn.Dim(3, "in"), 2)
        assert model.W is not None
        model.W = nn.Parameter(model.W.dims, initial=value, weight_decay=decay)
        data = nn.ExternData("data", [nn.batch_dim, model.W.dims[0]])
        return nn.Network(lambda: model(nn.get_extern_data(data)))

    delayed, given = network(Output("value", 0.5), Output("decay", 0.01)), network(0.5, 0.01)
    assert delayed.config_text() == given.config_text() and delayed.digest != given.digest
    assert delayed.random_parameters()["linear/W"].tolist() == [[0.5, 0.5]] * 3


def test_delayed_label_smoothing() -> None:
    def network(smoothing: Any) -> nn.Network:
        labels = nn.Dim(3, "labels")
        scores = nn.ExternData("scores", [nn.batch_dim, labels])
        targets = nn.ExternData("targets", [nn.batch_dim], sparse_dim=labels)

        def model() -> None:
            loss = nn.cross_entropy(nn.get_extern_data(scores), nn.get_extern_data(targets), label_smoothing=smoothing)
            loss.mark_as_loss("loss")

        return nn.Network(model)

    assert network(Output("smoothing", 0.1)).config_text() == network(0.1).config_text()
    assert network(Output("smoothing")).digest != network(0.1).digest


def test_value_before_a_tensor_is_an_error() -> None:
    """Sisyphus makes an expression of ``value * tensor``, which is no tensor."""
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(3, "features")])

    def model() -> nn.Tensor:
        x = nn.get_extern_data(data)
        return nn.tanh(Sum(Output("scale"), x))  # type: ignore[arg-type]

    with pytest.raises(nn.NetworkError, match=r"Put the tensor first, as in tensor \* value"):
        nn.Network(model)


def test_size_without_a_name_is_an_error() -> None:
    with pytest.raises(nn.NetworkError, match="needs a name: write nn.Dim"):
        nn.Linear(Output("size"))  # type: ignore[arg-type]


def test_truth_of_a_delayed_value_is_an_error() -> None:
    with pytest.raises(nn.NetworkError, match="cannot be tested"):
        bool(Delayed(Output("size")))


def test_what_is_delayed() -> None:
    assert is_delayed(Output("x")) and is_delayed(Sum(Output("x"), 1)) and is_delayed(Delayed(Output("x")))
    assert not any(map(is_delayed, ({}, 1, None, "text", Output, numpy.zeros(2), nn.Dim(3, "d"))))
    assert resolved({"a": [Delayed(Output("x", 3)), 4]}) == {"a": [3, 4]}


def test_origins() -> None:
    assert origin_text(origin_of(Output("size"))) == "jobs/count/CountJob.abc/output/size"
    assert origin_text(origin_of(Sum(Output("size"), 1))) == "Sum(jobs/count/CountJob.abc/output/size, 1)"
    with pytest.raises(nn.NetworkError, match="no name that it could be told by"):
        origin_of(Sum(lambda: 0, 1))


def test_parameters_of_unknown_sizes_may_fit() -> None:
    """What is not known now is no reason to refuse; what is known is."""
    one, other = Speller(Output("size")), Speller(Output("size"))
    nn.check_parameters(nn.Network(one), nn.Network(other))
    nn.check_parameters(nn.Network(one), nn.Network(Speller(4)))
    first, one.scale = nn.Network(one), 0.25
    assert nn.StagedNetwork({1: first, 2: nn.Network(one)}).digest
    with pytest.raises(nn.NetworkError, match=r"differs: embedding/W \[labels, features=4\]"):
        other.embedding.W = nn.Parameter([other.labels, 5])
        nn.check_parameters(nn.Network(one), {**nn.Network(one).parameters, "embedding/W": other.embedding.W})
