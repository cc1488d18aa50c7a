"""Arithmetic, comparisons, conditions and activation functions: the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEEDS, LABELS, frames
from ..stepwise import FrameFunction, in_loop, on_sequence

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
}


@pytest.mark.parametrize("case", CASES)
def test_on_sequence(case: str) -> None:
    check_agreement(lambda: on_sequence(CASES[case]), FEEDS)


@pytest.mark.parametrize("case", CASES)
def test_in_loop(case: str) -> None:
    run = check_agreement(lambda: in_loop(CASES[case]), FEEDS)
    assert run.in_returnn.layers_in_loop["loop"]


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
