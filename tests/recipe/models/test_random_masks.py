"""Masks at random places."""

from __future__ import annotations

import numpy

from recipe import nn
from recipe.models.random_masks import frames, random_masks

TIME, FEATURES = nn.Dim(None, "time"), nn.Dim(9, "features")
DATA = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])


def masked(seed: int, **options: int) -> numpy.ndarray:
    """Where entries of 40 sequences of 30 frames are hidden."""

    def model() -> nn.Tensor:
        x = nn.get_extern_data(DATA)
        assert frames(x, FEATURES) == 9
        return random_masks(x, FEATURES if "over_features" in options else TIME, **numbers)

    numbers = {key: value for key, value in options.items() if key != "over_features"}
    data = numpy.ones((40, 30, 9), "float32"), numpy.full(40, 30)
    value = nn.run_numpy(nn.Network(model), {"data": data}, seed=seed).outputs["output"].value
    return numpy.asarray(value) == 0.0


def test_how_many_and_how_wide() -> None:
    """All features of a frame are hidden or none; as many stretches as asked for, where they do not touch."""
    hidden = masked(1, fewest=2, most=2, widest=3)
    assert (hidden.all(axis=2) == hidden.any(axis=2)).all()
    per_sequence = hidden.all(axis=2).sum(axis=1)
    assert per_sequence.max() == 6 and 1 <= per_sequence.min() < 4
    numbers = masked(2, fewest=0, most=1, widest=1).all(axis=2).sum(axis=1)
    assert set(numbers.tolist()) == {0, 1} and 10 < numbers.sum() < 30
    starts = masked(3, fewest=1, most=1, widest=1).all(axis=2).argmax(axis=1)
    assert len(set(starts.tolist())) > 15 and starts.max() > 25 and starts.min() < 5


def test_over_features() -> None:
    hidden = masked(4, fewest=1, most=1, widest=2, over_features=1)
    assert (hidden.all(axis=1) == hidden.any(axis=1)).all()
    assert set(hidden.all(axis=1).sum(axis=1).tolist()) == {1, 2}
