"""Arithmetic, comparisons, conditions and activation functions: the same in NumPy and RETURNN."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames
from ..stepwise import FrameFunction, in_loop, on_sequence
from .placed import SequenceFunction
from .slopes import check_slopes

pytestmark = pytest.mark.xdist_group("returnn-1")

# each gets vectors a and b [..., features] and labels [...]
CASES: dict[str, FrameFunction] = {
    "add": lambda a, b, labels: a + b,
    "sub": lambda a, b, labels: a - b,
    "mul": lambda a, b, labels: a * b,
    "truediv": lambda a, b, labels: a / (abs(b) + 1.0),
    "floordiv": lambda a, b, labels: a // 0.3,
    "mod": lambda a, b, labels: a % 0.7,
    "mod_of_tensors": lambda a, b, labels: a % (abs(b) + 0.5),
    "pow": lambda a, b, labels: abs(a) ** 1.5,
    "pow_of_tensors": lambda a, b, labels: (abs(a) + 0.1) ** nn.tanh(b),
    "maximum": lambda a, b, labels: nn.maximum(a, b),
    "minimum": lambda a, b, labels: nn.minimum(a, b),
    "maximum_of_number": lambda a, b, labels: nn.maximum(a, 0.1),
    "number_to_the_power": lambda a, b, labels: nn.combine("pow", 1.5, a),
    "negative_number_to_the_power": lambda a, b, labels: nn.combine("pow", -2.0, nn.cast(labels, "float32")),
    "maximum_of_infinity": lambda a, b, labels: nn.maximum(a, float("-inf")),
    "where_infinity": lambda a, b, labels: nn.softmax(nn.where(a < -2.0, float("-inf"), a)),
    "add_number": lambda a, b, labels: a + 0.3,
    "number_add": lambda a, b, labels: 0.3 + a,
    "sub_number": lambda a, b, labels: a - 0.3,
    "number_sub": lambda a, b, labels: 0.3 - a,
    "negative_number": lambda a, b, labels: a - (-0.3),
    "mul_int": lambda a, b, labels: a * 3,
    "int_mul": lambda a, b, labels: 3 * a,
    "truediv_number": lambda a, b, labels: a / 4,
    "number_truediv": lambda a, b, labels: 4 / (abs(a) + 1),
    "constant_tensor": lambda a, b, labels: a + nn.constant(0.5, [a.feature_dim]),
    "two_constants": lambda a, b, labels: a * (nn.constant(2.0) + nn.constant(0.5)),
    "negative": lambda a, b, labels: -a,
    "absolute": lambda a, b, labels: abs(a),
    "integers": lambda a, b, labels: nn.cast(labels, "int32") * 2 - 5,
    "integer_floordiv": lambda a, b, labels: nn.cast(labels, "int32") // 2,
    "integer_mod": lambda a, b, labels: (nn.cast(labels, "int32") - 3) % 3,
    "broadcast_right": lambda a, b, labels: a * nn.reduce_sum(b),
    "broadcast_left": lambda a, b, labels: nn.reduce_sum(b) - a,
    "greater": lambda a, b, labels: a > b,
    "greater_equal": lambda a, b, labels: a >= b,
    "less": lambda a, b, labels: a < 0.2,
    "number_less": lambda a, b, labels: 0.2 < a,
    "less_equal_integers": lambda a, b, labels: labels <= 3,
    "equal_integers": lambda a, b, labels: labels == 3,
    "not_equal_integers": lambda a, b, labels: labels != 3,
    "compare_broadcast": lambda a, b, labels: a > nn.reduce_mean(a),
    "logical_and": lambda a, b, labels: (a > 0.0) & (b > 0.0),
    "logical_or": lambda a, b, labels: (a > 0.0) | (b > 0.0),
    "logical_not": lambda a, b, labels: ~(a > 0.0),
    "logical_with_constant": lambda a, b, labels: nn.logical_and(a > 0.0, nn.constant(True)),
    "where": lambda a, b, labels: nn.where(a > b, a, b),
    "where_number": lambda a, b, labels: nn.where(a > 0.0, a, -1.0),
    "where_two_numbers": lambda a, b, labels: nn.where(a > 0.0, 1.0, -1.0),
    "where_of_sequences": lambda a, b, labels: nn.where(labels > 2, a, b),
    "where_zeros": lambda a, b, labels: nn.where(labels > 2, a, nn.zeros([a.feature_dim])),
    "where_integers": lambda a, b, labels: nn.where(a > 0.0, 1, nn.cast(labels, "int32")),
    "cast_to_int": lambda a, b, labels: nn.cast(a * 3.0, "int32"),
    "cast_to_float": lambda a, b, labels: nn.cast(a > 0.0, "float32"),
    "cast_labels": lambda a, b, labels: nn.cast(labels, "float32") * 0.5,
    "where_labels": lambda a, b, labels: nn.where(labels > 2, labels, nn.maximum(labels, 4)),
    "where_label_number": lambda a, b, labels: nn.where(labels > 2, labels, 5),
    "where_number_label": lambda a, b, labels: nn.where(labels > 2, 0, labels),
    "cast_labels_to_bool": lambda a, b, labels: nn.cast(labels, "bool"),
    "cast_labels_to_int64": lambda a, b, labels: nn.cast(labels, "int64"),
    "cast_float_to_labels": lambda a, b, labels: nn.cast(abs(a), "int32", sparse_dim=LABELS) == 1,
    "cast_int_to_bool": lambda a, b, labels: nn.cast(nn.cast(labels, "int32") - 2, "bool"),
    "tanh": lambda a, b, labels: nn.tanh(a),
    "sigmoid": lambda a, b, labels: nn.sigmoid(a),
    "log_sigmoid": lambda a, b, labels: nn.log_sigmoid(a),
    "relu": lambda a, b, labels: nn.relu(a),
    "swish": lambda a, b, labels: nn.swish(a),
    "gelu": lambda a, b, labels: nn.gelu(a),
    "softplus": lambda a, b, labels: nn.softplus(a),
    "exp": lambda a, b, labels: nn.exp(a),
    "log": lambda a, b, labels: nn.log(abs(a) + 0.1),
    "sqrt": lambda a, b, labels: nn.sqrt(abs(a)),
    "silu": lambda a, b, labels: nn.silu(a),
    "softsign": lambda a, b, labels: nn.softsign(a),
    "elu": lambda a, b, labels: nn.elu(a),
    "erf": lambda a, b, labels: nn.erf(a),
    "square": lambda a, b, labels: nn.square(a),
    "square_of_integers": lambda a, b, labels: nn.square(nn.cast(labels, "int32") - 3),
    "rsqrt": lambda a, b, labels: nn.rsqrt(abs(a) + 0.1),
    "sign": lambda a, b, labels: nn.sign(a),
    "sign_of_integers": lambda a, b, labels: nn.sign(nn.cast(labels, "int32") - 3),
    "round": lambda a, b, labels: nn.round(nn.cast(labels, "float32") * 0.5),
    "floor": lambda a, b, labels: nn.floor(a * 3.0),
    "ceil": lambda a, b, labels: nn.ceil(a * 3.0),
    "sin": lambda a, b, labels: nn.sin(a * 3.0),
    "cos": lambda a, b, labels: nn.cos(a * 3.0),
    "tan": lambda a, b, labels: nn.tan(a),
    "atan": lambda a, b, labels: nn.atan(a),
    "arctan": lambda a, b, labels: nn.arctan(a),
    "activation_of_linear": lambda a, b, labels: nn.atan(nn.Linear(FEATURES)(a)) + nn.square(nn.Linear(FEATURES)(b)),
}


@pytest.mark.parametrize("case", CASES)
def test_on_sequence(case: str) -> None:
    check_agreement(lambda: on_sequence(CASES[case]), FEEDS)


@pytest.mark.parametrize("case", CASES)
def test_in_loop(case: str) -> None:
    run = check_agreement(lambda: in_loop(CASES[case]), FEEDS)
    assert run.in_returnn.layers_in_loop["loop"]


SLOPES: dict[str, SequenceFunction] = {
    "silu": nn.silu,
    "softsign": nn.softsign,
    "elu": nn.elu,
    "erf": nn.erf,
    "square": nn.square,
    "rsqrt": lambda x: nn.rsqrt(nn.square(x) + 1.0),
    "sign": lambda x: x * nn.sign(x),
    "round": lambda x: x + nn.round(x),
    "floor": lambda x: x + nn.floor(x),
    "ceil": lambda x: x + nn.ceil(x),
    "sin": nn.sin,
    "cos": nn.cos,
    "tan": lambda x: nn.tan(0.3 * x),
    "atan": nn.atan,
}


@pytest.mark.parametrize("case", SLOPES)
def test_gradients(case: str) -> None:
    check_slopes(SLOPES[case])


def test_values_of_functions() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = nn.get_extern_data(nn.ExternData("x", [nn.batch_dim, nn.Dim(6, "values")]))
        functions = (
            nn.erf,
            nn.silu,
            nn.softsign,
            nn.elu,
            nn.round,
            nn.floor,
            nn.ceil,
            nn.sign,
            nn.sin,
            nn.tan,
            nn.atan,
        )
        return {function.__name__: function(x) for function in functions}

    x = numpy.array([[-2.5, -0.5, 0.0, 0.5, 1.5, 3.2]], "float32")
    outputs = check_agreement(model, {"x": x}).in_numpy.outputs
    one_by_one: dict[str, Callable[[float], float]] = {
        "erf": math.erf,
        "silu": lambda value: value / (1.0 + math.exp(-value)),
        "softsign": lambda value: value / (1.0 + abs(value)),
        "elu": lambda value: value if value > 0 else math.exp(value) - 1.0,
        "round": round,
        "floor": math.floor,
        "ceil": math.ceil,
        "sign": lambda value: (value > 0) - (value < 0),
        "sin": math.sin,
        "tan": math.tan,
        "atan": math.atan,
    }
    for name, function in one_by_one.items():
        expected = [[function(float(value)) for value in x[0]]]
        numpy.testing.assert_allclose(outputs[name].value, expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_functions_of_integers() -> None:
    with pytest.raises(nn.NetworkError, match="sin wants numbers of a float type"):
        nn.Network(lambda: nn.sin(classes()))
    with pytest.raises(nn.NetworkError, match="square is for numbers, but .* is bool"):
        nn.Network(lambda: nn.square(frames() > 0.0))


def test_large_values_do_not_overflow() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = nn.get_extern_data(nn.ExternData("x", [nn.batch_dim, nn.Dim(4, "values")]))
        return {
            "sigmoid": nn.sigmoid(x),
            "softplus": nn.softplus(x),
            "log_sigmoid": nn.log_sigmoid(x),
            "softmax": nn.softmax(x),
            "log_softmax": nn.log_softmax(x),
        }

    feeds = {"x": numpy.array([[1000.0, -1000.0, 80.0, 0.0]], "float32")}
    run = check_agreement(model, feeds)
    assert all(numpy.isfinite(result.value).all() for result in run.in_numpy.outputs.values())


def test_combined_over_the_dims_of_both() -> None:
    """Distances of all frames to all others, as relative positions are made of."""

    def model() -> nn.Tensor:
        x = frames()
        other = nn.replace_dim(x)
        one, two = nn.range_over(x.spatial_dim, like=x), nn.range_over(other.spatial_dim, like=other)
        return nn.combine("sub", two, one, allow_broadcast_all_sources=True)

    value = check_agreement(model, FEEDS).in_numpy.outputs["output"].value
    numpy.testing.assert_array_equal(value, numpy.arange(4)[:, None] - numpy.arange(4))
    with pytest.raises(nn.NetworkError, match="pow cannot broadcast both sides, only add, "):
        nn.Network(lambda: nn.combine("pow", frames(), 2.0, allow_broadcast_all_sources=True))
