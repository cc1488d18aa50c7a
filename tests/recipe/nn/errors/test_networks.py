"""What is told where a network is made, and what recording leaves behind."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from recipe import nn
from recipe.nn.record.recording import is_recording

from ..inputs import FEATURES, FEEDS, classes, frames, vector
from .wrong_programs import check_parts, message_of


def test_message_shows_file_line_and_source() -> None:
    def model() -> nn.Tensor:
        return nn.tanh("text")  # type: ignore[arg-type]

    message = message_of(model)
    assert message.startswith(f"{__file__}:{model.__code__.co_firstlineno + 1}: ")
    assert message.endswith('\n    return nn.tanh("text")  # type: ignore[arg-type]')


def test_message_names_variables_of_the_line_that_is_wrong() -> None:
    def helper(sequence: nn.Tensor) -> nn.Tensor:
        return sequence + nn.zeros([3])

    message = message_of(lambda: helper(frames()))
    check_parts(message, ["sequence <input 'data' [batch, time, features=5]>", "return sequence + nn.zeros([3])"])


def test_message_shows_where_a_value_without_name_was_made() -> None:
    def model() -> nn.Tensor:
        values = []
        with nn.Loop() as loop:
            values.append(nn.tanh(loop.unstack(frames())))
        return values[0] + 1.0

    line = model.__code__.co_firstlineno + 3
    check_parts(message_of(model), [f"line {line}: values.append(nn.tanh(loop.unstack(frames())))"])


def test_message_through_a_context_manager_of_python() -> None:
    """The line is the user's, not one of ``contextlib``."""

    def model() -> nn.Tensor:
        with contextlib.ExitStack() as stack:
            stack.enter_context(nn.Cond(True))  # type: ignore[arg-type]
        return frames()

    assert message_of(model).startswith(f"{__file__}:{model.__code__.co_firstlineno + 2}: ")


def test_error_leaves_no_recording_behind() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            loop.end(nn.reduce_sum(loop.unstack(frames())))
        return frames()

    message_of(model)
    assert not is_recording()
    assert nn.Network(frames).outputs


@pytest.mark.parametrize("block", ["loop", "cond", "mask"])
def test_errors_of_the_users_own_come_out_as_they_are(block: str) -> None:
    def model() -> None:
        condition = nn.reduce_sum(vector()) > 0.0
        blocks: dict[str, Any] = {
            "loop": nn.Loop(),
            "cond": nn.Cond(condition),
            "mask": nn.MaskedComputation(condition),
        }
        with blocks[block]:
            raise KeyError("own")

    with pytest.raises(KeyError, match="own") as caught:
        nn.Network(model)
    assert caught.value.__context__ is None and not is_recording()


@pytest.mark.parametrize("block", ["loop", "cond", "mask"])
def test_recording_goes_on_where_an_error_was_caught(block: str) -> None:
    def model(fails: bool) -> nn.Tensor:
        condition = nn.reduce_sum(vector()) > 0.0
        blocks: dict[str, Any] = {
            "loop": nn.Loop(),
            "cond": nn.Cond(condition),
            "mask": nn.MaskedComputation(condition),
        }
        if fails:
            with contextlib.suppress(KeyError), blocks[block]:
                nn.tanh(vector())
                raise KeyError("own")
        return nn.tanh(vector())

    assert nn.Network(model, fails=True).digest == nn.Network(model, fails=False).digest


def test_tensors_outside_of_a_network() -> None:
    with pytest.raises(nn.NetworkError, match="only while a network is being recorded"):
        frames()


def test_tensor_made_by_a_module_before_the_network() -> None:
    class Early(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.zero = nn.zeros([nn.batch_dim, FEATURES])

    with pytest.raises(nn.NetworkError, match=r"Module's forward and pass that to nn.Network\(\.\.\.\)"):
        Early()


def test_tensor_of_another_network() -> None:
    kept: list[nn.Tensor] = []

    def first() -> nn.Tensor:
        kept.append(frames())
        return kept[0]

    nn.Network(first)
    check_parts(message_of(lambda: kept[0] + 1.0), ["'data' [batch, time, features=5]", "belongs to another network"])


@pytest.mark.parametrize(
    ("result", "parts"),
    [
        (lambda: None, ["returns no tensor and marks no loss", "`return y`"]),
        (lambda: 5.0, ["returns 5.0 (float), which is no tensor"]),
        (lambda: {"a": frames(), "b": "text"}, ["returns 'text' (str) as 'b'"]),
        (lambda: nn.Linear(3), ["(Linear), which is no tensor"]),
    ],
)
def test_results_that_are_no_tensors(result: Any, parts: list[str]) -> None:
    check_parts(message_of(result), parts)


def test_parameter_as_result() -> None:
    class Weight(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter([FEATURES])

        def forward(self) -> Any:
            return self.weight

    assert dict(nn.Network(Weight()).parameters)


def test_generator_as_model() -> None:
    def model() -> Iterator[nn.Tensor]:
        yield frames()

    check_parts(message_of(model), ["generator", "`yield`"])


def test_coroutine_as_model() -> None:
    async def model() -> nn.Tensor:
        return frames()

    check_parts(message_of(model), ["coroutine", "`async`"])


def test_network_of_a_class() -> None:
    with pytest.raises(nn.NetworkError, match=r"a Module or a function to call.*Make one: Linear\(\.\.\.\)"):
        nn.Network(nn.Linear)


def test_network_of_something_else() -> None:
    with pytest.raises(nn.NetworkError, match="a Module or a function to call, not None"):
        nn.Network(None)  # type: ignore[arg-type]


def test_network_with_misspelled_argument() -> None:
    def model(search: nn.BeamSearch | None = None) -> nn.Tensor:
        return frames()

    with pytest.raises(nn.NetworkError, match=r"model\(search=None\) got an unexpected keyword argument 'serach'"):
        nn.Network(model, serach=None)


def test_network_in_a_network() -> None:
    def model() -> nn.Tensor:
        nn.Network(frames)
        return frames()

    message = message_of(model)
    assert message.startswith(f"{__file__}:{model.__code__.co_firstlineno + 1}: ")
    check_parts(message, ["is being recorded already", "cannot be used inside of a model"])


def test_input_declared_twice() -> None:
    def model() -> nn.Tensor:
        other = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "short"), FEATURES])
        frames()
        return nn.get_extern_data(other)

    check_parts(message_of(model), ["'data' was declared before with other dims", "[batch, short, features=5]"])


def test_networks_in_two_threads() -> None:
    """Each thread records its own; dims made from one int are one dim in both."""
    module = nn.Linear(FEATURES, 1234)
    digests: list[str] = []
    barrier = threading.Barrier(2)

    def work() -> None:
        def model() -> nn.Tensor:
            barrier.wait(timeout=600)
            with nn.Loop() as loop:
                y = module(loop.unstack(frames()))
                barrier.wait(timeout=600)
                return loop.stack(y + nn.zeros([4321 - 3087]))

        digests.append(nn.Network(model).digest)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(digests) == 2 and len(set(digests)) == 1


def test_numpy_run_of_a_module() -> None:
    with pytest.raises(nn.NetworkError, match=re.escape("nn.Network(model) makes it")):
        nn.run_numpy(nn.Linear(3), FEEDS)  # type: ignore[arg-type]


def test_last_frame_by_a_negative_number() -> None:
    """As in Python, counted from each sequence's own end."""
    run = nn.run_numpy(nn.Network(lambda: classes()[-1]), FEEDS)
    labels, lengths = FEEDS["classes"]
    assert run.outputs["output"].value.tolist() == [row[length - 1] for row, length in zip(labels, lengths)]
