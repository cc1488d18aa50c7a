"""Cumulative sums and maxima over time and features, the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, TIME, frames

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_against_numpy() -> None:
    def model() -> dict[str, nn.Tensor]:
        x = frames()
        return {
            "sum": nn.cum_sum(x),
            "features": nn.cum_sum(x, axis=FEATURES),
            "log": nn.cum_log_sum_exp(x),
            "before": nn.cum_log_sum_exp(x, exclusive=True),
            "greatest": nn.cum_max(x),
            "greatest_feature": nn.cum_max(x, axis=FEATURES),
        }

    run = check_agreement(model, FEEDS, gradients=True).in_numpy
    data = FEEDS["data"][0].astype("float64")
    numpy.testing.assert_allclose(run.outputs["features"].value, data.cumsum(axis=-1), rtol=1e-4)
    numpy.testing.assert_array_equal(
        run.outputs["greatest_feature"].value, numpy.maximum.accumulate(FEEDS["data"][0], axis=-1)
    )
    for row, length in enumerate(LENGTHS):
        x = data[row, :length]
        log = numpy.log(numpy.exp(x).cumsum(axis=0))
        greatest = numpy.maximum.accumulate(x, axis=0)
        for name, expected in (("sum", x.cumsum(axis=0)), ("log", log), ("greatest", greatest)):
            numpy.testing.assert_allclose(run.outputs[name].value[row, :length], expected, rtol=1e-4, atol=1e-5)
        before = run.outputs["before"].value[row, :length]
        assert (before[0] == numpy.float32(-1e30)).all()
        numpy.testing.assert_allclose(before[1:], log[:-1], rtol=1e-4, atol=1e-5)


def test_of_impossible_values() -> None:
    """Of -1e30 and of -inf alone it is -1e30, and no number less."""

    def model() -> dict[str, nn.Tensor]:
        nothing = nn.constant(-1e30, [nn.batch_dim, TIME, FEATURES])
        x = frames()
        late = nn.where(nn.compare("greater", nn.range_over(TIME, like=x), 0), x, float("-inf"))
        return {"nothing": nn.cum_log_sum_exp(nothing + 0.0 * x), "late": nn.cum_log_sum_exp(late)}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert (outputs["nothing"].value[:, :2] == numpy.float32(-1e30)).all()
    assert (outputs["late"].value[:, 0] == numpy.float32(-1e30)).all()
    numpy.testing.assert_allclose(outputs["late"].value[:, 1], FEEDS["data"][0][:, 1], rtol=1e-5)
