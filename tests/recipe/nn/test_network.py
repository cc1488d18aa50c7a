"""Network: immutable, its own copy, with a run in NumPy."""

from __future__ import annotations

import copy
import pickle

import numpy
import pytest

from recipe import nn

from ..models.small_model import small_feeds, small_model
from .inputs import FEATURES, FEEDS, FRAMES, LENGTHS, frames, vector


def test_is_its_own_deep_copy() -> None:
    network = nn.Network(small_model())
    assert copy.deepcopy(network) is network
    assert copy.deepcopy({"network": [network]})["network"][0] is network


@pytest.mark.parametrize("search", [None, nn.BeamSearch(3)])
def test_pickled_and_read_again(search: nn.BeamSearch | None) -> None:
    network = nn.Network(small_model(), search=search, max_seq_len=6)
    again = pickle.loads(pickle.dumps(network))
    assert again.digest == network.digest
    assert again.canonical_form() == network.canonical_form()
    for device in ("cpu", "gpu"):
        assert again.config_text(device) == network.config_text(device)
    parameters = network.random_parameters()
    runs = [nn.run_numpy(one, small_feeds(), parameters) for one in (network, again)]
    assert runs[0].losses == runs[1].losses
    for name, result in runs[0].outputs.items():
        numpy.testing.assert_array_equal(result.value, runs[1].outputs[name].value)


def test_model_is_pickled_with_its_network() -> None:
    """Dims stay the same objects within what is pickled together."""
    model = small_model()
    again, network = pickle.loads(pickle.dumps((model, nn.Network(model))))
    assert nn.Network(again).digest == network.digest


def test_batch_dim_and_numbers_as_dims_are_the_same_after_pickling() -> None:
    dims = (nn.batch_dim, nn.Linear(3, 4).out_dim)
    assert pickle.loads(pickle.dumps(dims)) == dims


def _chain(steps: int, looped: bool) -> nn.Tensor:
    def chain(x: nn.Tensor) -> nn.Tensor:
        for _ in range(steps):
            x = nn.tanh(x) + 1.0
        return x

    if not looped:
        return chain(frames())
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.state.s = chain(loop.unstack(frames()) + loop.state.s)
        return loop.stack(loop.state.s)


@pytest.mark.parametrize("looped", [False, True])
def test_long_networks_are_pickled(looped: bool) -> None:
    """Pickle by itself gives up some hundred objects deep."""
    network = nn.Network(_chain, steps=1500, looped=looped)
    again = pickle.loads(pickle.dumps(network))
    assert again.config_text() == network.config_text()


def test_pickle_is_small_and_has_nothing_of_the_user() -> None:
    """So a worker needs no file of the model, which may have changed or gone since."""
    data = pickle.dumps(nn.Network(small_model()))
    assert len(data) < 60_000
    assert b"recipe.models" not in data and b"tests." not in data


def test_picture_of_a_pickled_network() -> None:
    """The pickle has it, as it has not the modules; one of an earlier version has not."""
    network = nn.Network(small_model())
    again = pickle.loads(pickle.dumps(network))
    twice = pickle.loads(pickle.dumps(again))
    for one in (again, twice):
        assert one.summary() == network.summary() and one.picture() == network.picture()
    state = network.__getstate__()
    del state["picture"]
    old = object.__new__(nn.Network)
    old.__setstate__(state)
    with pytest.raises(nn.NetworkError, match="of an earlier version"):
        old.summary()


@pytest.mark.parametrize("name", ["losses", "outputs", "root_body", "digest", "anything"])
def test_cannot_be_changed(name: str) -> None:
    network = nn.Network(small_model())
    digest = network.digest
    for change in (lambda: setattr(network, name, ()), lambda: delattr(network, name)):
        with pytest.raises(nn.NetworkError, match="a Network is finished"):
            change()
    network.canonical_form()["layers"].clear()
    assert network.digest == digest and copy.copy(network) is network
    assert pickle.loads(pickle.dumps(network)).canonical_form() == network.canonical_form()


def test_later_changes_of_the_model_are_none_of_the_network() -> None:
    model = small_model()
    network, first = nn.Network(model), nn.Network(model)
    text, digest, names = first.config_text(), first.digest, list(first.parameters)
    for parameter in model.parameters():
        parameter.initial, parameter.trainable, parameter.weight_decay = nn.Constant(3.0), False, 0.5
    model.encoder, model.renamed = None, model.encoder  # type: ignore[attr-defined, assignment]
    assert (network.config_text(), network.digest, list(network.parameters)) == (text, digest, names)


def test_declarations_of_inputs_cannot_be_changed() -> None:
    with pytest.raises(nn.NetworkError, match="make another nn.ExternData"):
        FRAMES.dtype = "int32"


def test_digest_is_computed_once() -> None:
    network = nn.Network(small_model())
    assert network.digest is network.digest
    assert len(network.digest) == 64


def test_random_parameters_are_those_of_the_seed() -> None:
    network = nn.Network(small_model())
    one, same, other = (network.random_parameters(seed) for seed in (1, 1, 2))
    assert list(one) == sorted(network.parameters)
    for name in one:
        numpy.testing.assert_array_equal(one[name], same[name])
    assert any((one[name] != other[name]).any() for name in one)


def test_nested_result_gives_outputs_by_path() -> None:
    network = nn.Network(lambda: {"a": (frames(), vector()), "b": nn.LstmState(h=frames(), c=vector())})
    assert [name for name, _ in network.outputs] == ["a/0", "a/1", "b/h", "b/c"]


def test_mark_as_output() -> None:
    def model() -> None:
        nn.tanh(frames()).mark_as_output("activation")
        frames().mark_as_output()

    assert [name for name, _ in nn.Network(model).outputs] == ["activation", "output"]


def test_result_as_sequences() -> None:
    rows = nn.run_numpy(nn.Network(frames), FEEDS).outputs["output"].sequences()
    assert [row.shape for row in rows] == [(length, FEATURES.size) for length in LENGTHS]


def test_numpy_wants_all_inputs_and_parameters() -> None:
    model = nn.Linear(FEATURES, 3)
    network = nn.Network(lambda: model(frames()))
    with pytest.raises(nn.NetworkError, match="'data'"):
        nn.run_numpy(network, {"classes": FEEDS["classes"]})
    with pytest.raises(nn.NetworkError, match="no value was given for parameter 'linear/W'"):
        nn.run_numpy(network, FEEDS, {})
    wrong = {**network.random_parameters(), "linear/W": numpy.zeros((2, 2))}
    with pytest.raises(nn.NetworkError, match=r"'linear/W' .* has shape \(5, 3\), but an array \(2, 2\) was given"):
        nn.run_numpy(network, FEEDS, wrong)
    with pytest.raises(nn.NetworkError, match=r"lengths of time are \[3, 2, 1\], but the array has 4 frames"):
        nn.run_numpy(nn.Network(frames), {"data": (FEEDS["data"][0], [3, 2, 1])})
    with pytest.raises(nn.NetworkError, match=r"an array \(3, 5\) was fed"):
        nn.run_numpy(nn.Network(frames), {"data": FEEDS["vector"]})


def test_input_by_name() -> None:
    network = nn.Network(lambda: nn.tanh(nn.get_extern_data("data")), extern_data=[FRAMES])
    assert set(network.extern_data) == {"data"}
    with pytest.raises(nn.NetworkError, match=r"input 'other' is not declared, only \['data'\]"):
        nn.Network(lambda: nn.get_extern_data("other"), extern_data=[FRAMES])
