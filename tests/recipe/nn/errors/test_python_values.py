"""A tensor where Python, NumPy or a data structure wants a value, and other things where a tensor is wanted."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, classes, frames, vector
from .wrong_programs import HIDDEN, Wrong, check_error, name_of, start


def if_of_tensor() -> Any:
    x = nn.reduce_sum(vector())
    return x if x > 0.0 else -x  # MISTAKE


def and_of_tensors() -> Any:
    return (vector() > 0.0) and (vector() < 1.0)  # MISTAKE


def not_of_tensor() -> Any:
    return not (vector() > 0.0)  # MISTAKE


def chained_comparison() -> Any:
    return 0.0 < vector() < 1.0  # MISTAKE


def while_of_tensor() -> Any:
    x = vector()
    while x < 10.0:  # MISTAKE
        x = 2.0 * x
    return x


def in_list_of_tensors() -> Any:
    x, y = vector(), start()
    return x if y in [x] else y  # MISTAKE


def maximum_by_python() -> Any:
    return max(vector(), start())  # MISTAKE


def for_over_tensor() -> Any:
    return [frame for frame in frames() if frame]  # MISTAKE


def sum_by_python() -> Any:
    return sum(frames())  # MISTAKE


def length_by_python() -> Any:
    x = frames()
    return [x[t] for t in range(len(x))]  # MISTAKE


def range_of_tensor() -> Any:
    lengths = frames().seq_len
    return [frames()[t] for t in range(lengths)]  # MISTAKE


def index_of_list() -> Any:
    weights = [0.5, 1.5]
    return frames() * weights[nn.constant(1)]  # MISTAKE


def float_of_tensor() -> Any:
    return frames() * float(nn.reduce_sum(vector()))  # MISTAKE


def int_of_tensor() -> Any:
    return frames() * int(nn.reduce_sum(vector()))  # MISTAKE


def function_of_math() -> Any:
    return math.tanh(nn.reduce_sum(vector()))  # MISTAKE


def rounded() -> Any:
    return round(vector())  # MISTAKE


def printed_as_number() -> Any:
    vector().mark_as_loss(f"loss {vector():.2f}")  # MISTAKE


def function_of_numpy() -> Any:
    return numpy.tanh(frames())  # type: ignore[call-overload]  # MISTAKE


def joined_by_numpy() -> Any:
    return numpy.concatenate([frames(), frames()], axis=-1)  # type: ignore[list-item]  # MISTAKE


def reduced_by_numpy() -> Any:
    return numpy.max(frames())  # type: ignore[call-overload]  # MISTAKE


def converted_by_numpy() -> Any:
    return numpy.asarray(frames())  # MISTAKE


def array_as_right_side() -> Any:
    return frames() + numpy.ones(5, "float32")  # type: ignore[operator]  # MISTAKE


def array_as_left_side() -> Any:
    return numpy.ones(5, "float32") + frames()  # MISTAKE


def product_of_matrices() -> Any:
    return frames() @ vector()  # MISTAKE


def written_into() -> Any:
    x = frames()
    x[0] = 0.0  # MISTAKE
    return x


def shape_of_tensor() -> Any:
    return frames() / frames().shape[1]  # MISTAKE


def method_of_tensor() -> Any:
    return frames().tanh()  # MISTAKE


def misspelled_attribute() -> Any:
    return frames() / frames().seq_lens  # MISTAKE


def range_of_frames() -> Any:
    return frames()[1:]  # type: ignore[index]  # MISTAKE


def frame_at_a_float() -> Any:
    return frames()[0.5]  # MISTAKE


def compared_with_none() -> Any:
    x = vector()
    return frames() if x == None else x  # type: ignore[arg-type]  # noqa: E711  # MISTAKE


def text() -> Any:
    return nn.tanh("text")  # type: ignore[arg-type]  # MISTAKE


def module_not_called() -> Any:
    return frames() + nn.Linear(FEATURES)  # type: ignore[operator]  # MISTAKE


def dim_as_tensor() -> Any:
    return frames() / FEATURES  # type: ignore[operator]  # MISTAKE


def two_results_as_one() -> Any:
    return nn.tanh(nn.Lstm(FEATURES, HIDDEN)(frames()))  # type: ignore[arg-type]  # MISTAKE


def state_as_tensor() -> Any:
    _, state = nn.Lstm(FEATURES, HIDDEN)(frames())
    return nn.tanh(state)  # type: ignore[arg-type]  # MISTAKE


def types_do_not_match() -> Any:
    return frames() + nn.cast(classes(), "int32")  # MISTAKE


def labels_in_arithmetic() -> Any:
    return classes() * 0.5  # MISTAKE


def labels_of_two_dims_compared() -> Any:
    others = nn.cast(classes(), "int32", sparse_dim=nn.Dim(9, "others"))
    return classes() == others  # MISTAKE


def labels_in_activation() -> Any:
    return nn.tanh(classes())  # MISTAKE


def conditions_added() -> Any:
    return (frames() > 0.0) + (frames() < 1.0)  # MISTAKE


def condition_negated() -> Any:
    return -(frames() > 0.0)  # MISTAKE


def condition_summed() -> Any:
    return nn.reduce_sum(frames() > 0.0)  # MISTAKE


def number_as_condition() -> Any:
    return (frames() > 0.0) & frames()  # MISTAKE


def where_without_condition_first() -> Any:
    return nn.where(frames(), frames() > 0.0, 0.0)  # MISTAKE


def where_of_two_types() -> Any:
    return nn.where(frames() > 0.0, frames(), nn.cast(frames(), "int32"))  # MISTAKE


def cast_to_python_type() -> Any:
    return nn.cast(frames(), "float")  # MISTAKE


def cast_to_class_of_numpy() -> Any:
    return nn.cast(frames(), numpy.int32)  # type: ignore[arg-type]  # MISTAKE


def dropout_in_percent() -> Any:
    return nn.dropout(frames(), 30)  # MISTAKE


def label_without_dim() -> Any:
    return nn.constant("a", [nn.batch_dim], sparse_dim=LABELS)  # type: ignore[arg-type]  # MISTAKE


NO_VALUE = "has no value while the network is being written"
PROGRAMS = [
    Wrong(if_of_tensor, ["greater [batch]", NO_VALUE, "nn.where(condition, a, b)"]),
    Wrong(and_of_tensors, ["greater [batch, features=5]", NO_VALUE, "nn.logical_and"]),
    Wrong(not_of_tensor, ["greater [batch, features=5]", NO_VALUE, "nn.logical_not"]),
    Wrong(chained_comparison, [NO_VALUE, "nn.logical_and"]),
    Wrong(while_of_tensor, ["less [batch, features=5]", NO_VALUE]),
    Wrong(in_list_of_tensors, ["equal [batch, features=5]", NO_VALUE, "`in`"]),
    Wrong(maximum_by_python, [NO_VALUE, "max()"]),
    Wrong(for_over_tensor, ["cannot be iterated over", "nn.Loop() as loop", "loop.unstack(x)"]),
    Wrong(sum_by_python, ["'data' [batch, time, features=5]", "cannot be iterated over"]),
    Wrong(length_by_python, ["x <input 'data' [batch, time, features=5]> has no len()", "x.seq_len", "nn.Loop()"]),
    Wrong(range_of_tensor, ["lengths <length [batch], line", NO_VALUE, "range()", "nn.Loop()"]),
    Wrong(index_of_list, ["<number 1>", NO_VALUE, "nn.gather(x, position)"]),
    Wrong(float_of_tensor, ["reduce_sum [batch]", NO_VALUE, "float()"]),
    Wrong(int_of_tensor, ["reduce_sum [batch]", NO_VALUE, "int()"]),
    Wrong(function_of_math, ["reduce_sum [batch]", NO_VALUE, "nn.tanh(x)"]),
    Wrong(rounded, ["'vector' [batch, features=5]", NO_VALUE, "round()"]),
    Wrong(printed_as_number, [NO_VALUE, "'.2f'", "nn.run_numpy(network, feeds, trace=True)"]),
    Wrong(function_of_numpy, ["numpy.tanh", "'data' [batch, time, features=5]", "use nn.tanh"]),
    Wrong(joined_by_numpy, ["numpy.concatenate", "use nn.concat"]),
    Wrong(reduced_by_numpy, ["numpy.max", "use nn.reduce_max"]),
    Wrong(converted_by_numpy, ["numpy.asarray", "use the tensor as it is"]),
    Wrong(array_as_right_side, ["an array (5,)", "nn.Parameter or nn.constant", "nn.get_extern_data(name)"]),
    Wrong(array_as_left_side, ["numpy.add", "'data' [batch, time, features=5]"]),
    Wrong(product_of_matrices, ["[batch, time, features=5]", "[batch, features=5]", "nn.dot(a, b, reduce=dim)"]),
    Wrong(written_into, ["x <input 'data' [batch, time, features=5]> cannot be written into", "nn.where"]),
    Wrong(shape_of_tensor, ["no attribute 'shape'", "x.dims"]),
    Wrong(method_of_tensor, ["no attribute 'tanh'", "nn.tanh(x)"]),
    Wrong(misspelled_attribute, ["no attribute 'seq_lens'", "Did you mean 'seq_len'?"]),
    Wrong(range_of_frames, ["'data' [batch, time, features=5]", "at one position", "nn.slice(x, start, size)"]),
    Wrong(frame_at_a_float, ["positions are int32", "<number 0.5>", "nn.cast(x, 'int32')"]),
    Wrong(compared_with_none, ["not None", "`x is None`"]),
    Wrong(text, ["a tensor is wanted here, not 'text' (str)"]),
    Wrong(module_not_called, ["not a Linear", "module(x)"]),
    Wrong(dim_as_tensor, ["the Dim features=5", "dim.size"]),
    Wrong(two_results_as_one, ["(tensor, LstmState(tensor, tensor))", "y, state = module(x, state)"]),
    Wrong(state_as_tensor, ["LstmState(tensor, tensor)", "value.h, value.c"]),
    Wrong(types_do_not_match, ["add of float32 and int32", "'data' [batch, time, features=5]", "nn.cast"]),
    Wrong(
        labels_in_arithmetic, ["'classes' [batch, time], labels of labels=7", "nn.Embedding", "nn.cast(x, 'float32')"]
    ),
    Wrong(labels_of_two_dims_compared, ["labels=7", "others=9", "sparse_dim=..."]),
    Wrong(labels_in_activation, ["tanh wants numbers of a float type", "int32", "nn.Embedding"]),
    Wrong(conditions_added, ["add is for numbers", "(bool)", "& | ~", "nn.cast(x, 'float32')"]),
    Wrong(condition_negated, ["negative is for numbers", "~x"]),
    Wrong(condition_summed, ["reduce_sum is for numbers", "nn.cast(x, 'int32')"]),
    Wrong(number_as_condition, ["logical_and is for conditions (bool)", "float32"]),
    Wrong(where_without_condition_first, ["condition of where is bool", "nn.where(condition, a, b)"]),
    Wrong(where_of_two_types, ["where of float32 and int32", "nn.cast"]),
    Wrong(cast_to_python_type, ["'float32'", "not 'float'"]),
    Wrong(cast_to_class_of_numpy, ["'int32'", "not <class 'numpy.int32'>"]),
    Wrong(dropout_in_percent, ["at least 0 and below 1", "not 30"]),
    Wrong(label_without_dim, ["a number is wanted here, not 'a'"]),
]


@pytest.mark.parametrize("wrong", PROGRAMS, ids=lambda wrong: name_of(wrong.model))
def test_error(wrong: Wrong) -> None:
    check_error(wrong)


def test_attributes_may_be_asked_for() -> None:
    """``hasattr`` and ``getattr`` with a default work as with other objects."""

    def model() -> nn.Tensor:
        x = frames()
        assert not hasattr(x, "shape") and getattr(x, "tanh", None) is None
        return x

    assert nn.Network(model).outputs


def test_scalars_of_numpy_are_numbers() -> None:
    def model() -> dict[str, Any]:
        two: Any = numpy.float32(2.0)
        return {"left": two * vector(), "right": vector() * numpy.int64(2), "power": two ** vector()}

    run = nn.run_numpy(nn.Network(model), FEEDS)
    vectors = FEEDS["vector"]
    numpy.testing.assert_allclose(run.outputs["left"].value, 2.0 * vectors, rtol=1e-6)
    numpy.testing.assert_allclose(run.outputs["right"].value, 2.0 * vectors, rtol=1e-6)
    numpy.testing.assert_allclose(run.outputs["power"].value, 2.0**vectors, rtol=1e-5)


def test_parameters_have_operators() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter([FEATURES], initial=2.0)

        def forward(self) -> nn.Tensor:
            return (1.0 - self.scale) * vector() + (-self.scale)

    run = nn.run_numpy(nn.Network(Scaled()), FEEDS, {"scale": numpy.full(5, 2.0, "float32")})
    numpy.testing.assert_allclose(run.outputs["output"].value, -FEEDS["vector"] - 2.0, rtol=1e-6)
