"""Initial values of parameters, as RETURNN understands them."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe import nn

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_returnn_reads_the_file(tmp_path: pathlib.Path) -> None:
    import tensorflow
    from returnn.tf.util.basic import get_initializer

    values = numpy.arange(6, dtype="float32").reshape(2, 3)
    path = tmp_path / "it's a file.npy"
    numpy.save(path, values)
    model = nn.Linear(nn.Dim(2, "in"), 3)
    assert model.W is not None
    model.W.initial = nn.NumpyFile(str(path))
    data = nn.ExternData("data", [nn.batch_dim, model.W.dims[0]])
    net_dict = nn.Network(lambda: model(nn.get_extern_data(data))).net_dict()
    initializer = get_initializer(net_dict["output"]["forward_weights_init"].text())
    with tensorflow.Graph().as_default(), tensorflow.compat.v1.Session() as session:
        numpy.testing.assert_array_equal(session.run(initializer((2, 3))), values)


@pytest.mark.parametrize("make", [lambda: nn.Uniform("wide"), lambda: nn.Normal(None), lambda: nn.Constant("one")])  # type: ignore[arg-type]
def test_what_is_no_number_is_told(make: object) -> None:
    with pytest.raises(nn.NetworkError, match="must be a number"):
        make()  # type: ignore[operator]
