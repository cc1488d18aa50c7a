"""What beam search does with its hypotheses: the best of two axes, values of those that live on, back pointers."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.hypotheses import FollowBack, Select
from ...ops.top_k import TopK
from ...plain.dim import Dim
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type, type_of
from ..rule import rule

BEST_PLACES = ConfigFunction(
    '''
    def best_places(source, self, beam, labels, **_kwargs):
        """The places of the greatest entries of two axes together, counted along both; 0 where there are no more."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        *rest, out = self.output.dims
        x = x.copy_transpose([*rest, beam, labels]).placeholder
        shape = tf.shape(x)
        count = shape[-1] * shape[-2]
        flat = tf.reshape(x, tf.concat([shape[:-2], [count]], axis=0))
        places = tf.math.top_k(flat, k=tf.minimum(out.dimension, count)).indices
        missing = [[0, 0]] * len(rest) + [[0, tf.maximum(out.dimension - count, 0)]]
        return tf.ensure_shape(tf.pad(places, missing), [None] * len(rest) + [out.dimension])
    '''
)
BEST_ENTRIES = ConfigFunction(
    '''
    def best_entries(source, self, beam, labels, **_kwargs):
        """The greatest entries of two axes together, by their places; -inf where there are no more."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        *rest, out = self.output.dims
        x = x.copy_transpose([*rest, beam, labels]).placeholder
        places = source(1, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        shape = tf.shape(x)
        count = shape[-1] * shape[-2]
        flat = tf.reshape(x, tf.concat([shape[:-2], [count]], axis=0))
        best = tf.gather(flat, places, batch_dims=len(rest))
        return tf.where(tf.range(out.dimension) < count, best, tf.fill(tf.shape(best), -float("inf")))
    '''
)
SELECTED = ConfigFunction(
    '''
    def selected(source, self, before, beam, **_kwargs):
        """The values along an axis over hypotheses at the places that another source says."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        origin = source(1, as_data=True, auto_convert=False)
        dims = list(self.output.dims)
        rest = [dim for dim in dims if dim != beam and dim in origin.dims]
        values = [dim for dim in dims if dim != beam and dim not in origin.dims]
        shape = [dim.get_dim_value() for dim in rest]
        here = [dim for dim in rest if dim in x.dims]
        x = x.copy_transpose([*here, before, *values]).placeholder
        inner = tf.unstack(tf.shape(x))[len(here) :]
        x = tf.reshape(x, [*(dim.get_dim_value() if dim in here else 1 for dim in rest), *inner])
        x = tf.broadcast_to(x, [*shape, *inner])
        origin = origin.copy_transpose([*rest, beam]).placeholder
        result = tf.gather(x, origin, axis=len(rest), batch_dims=len(rest))
        order = [*rest, beam, *values]
        return tf.transpose(result, [order.index(dim) for dim in dims])
    '''
)
FOLLOWED_BACK = ConfigFunction(
    '''
    def followed_back(source, self, axis, beam, **_kwargs):
        """Where each hypothesis that there is at the end was in each step before, from the last step on."""
        import tensorflow as tf

        origin = source(0, as_data=True, auto_convert=False)
        rest = [dim for dim in self.output.dims if dim not in (axis, beam)]
        steps = origin.copy_transpose([axis, *rest, beam]).placeholder
        length = source(1, as_data=True, auto_convert=False)
        length = tf.broadcast_to(length.copy_compatible_to_dims_raw([*rest, beam]), tf.shape(steps)[1:])
        last = tf.broadcast_to(tf.range(beam.dimension), tf.shape(steps)[1:])
        number = tf.reshape(tf.range(tf.shape(steps)[0]), [-1] + [1] * (len(rest) + 1))
        steps = tf.where(number < length[None], steps, last[None])
        back = lambda at, step: tf.gather(step, at, batch_dims=len(rest))
        at_end = tf.scan(back, steps, initializer=last, reverse=True)
        places = tf.concat([at_end[1:], last[None]], axis=0)[: tf.shape(steps)[0]]
        order = [axis, *rest, beam]
        return tf.transpose(places, [order.index(dim) for dim in self.output.dims])
    '''
)


@rule(TopK)
def top_k(op: TopK, build: Build) -> Sequence[Layer]:
    """
    ``eval``.

    Not ``top_k``, which wants as many entries as there are places, and says that its indices have no features.
    """
    x = build.reference(op.inputs[0])
    dims = [*[dim for dim in op.outputs[0].dims if dim is not op.out], op.out]
    axes = {"beam": op.beam, "labels": op.labels}
    of_place = {"from": x, "eval": BEST_PLACES, "eval_locals": axes, "out_type": type_of(dims, "int32")}
    place = build.add(op, "eval", of_place, name="place")
    best = {
        "from": [x, place],
        "eval": BEST_ENTRIES,
        "eval_locals": axes,
        "out_type": type_of(dims, op.inputs[0].dtype),
    }
    origin, label = f"source(0) // {_size(op.labels)}", f"source(0) % {_size(op.labels)}"
    return [
        build.add(op, "eval", {**best, "allow_broadcast_all_sources": True}, name="score"),
        build.add(op, "eval", {"from": place, "eval": origin, "out_type": type_of(dims, "int32")}, name="origin"),
        build.add(
            op, "eval", {"from": place, "eval": label, "out_type": type_of(dims, "int32", op.labels)}, name="label"
        ),
    ]


def _size(dim: Dim) -> int:
    return dim.size


@rule(Select)
def select(op: Select, build: Build) -> Layer:
    """``eval`` of ``tf.gather``."""
    options = {"from": [build.reference(x) for x in op.inputs], "eval": SELECTED, "allow_broadcast_all_sources": True}
    axes = {"before": op.before, "beam": op.beam}
    return build.add(op, "eval", {**options, "eval_locals": axes, "out_type": out_type(op.output)})


@rule(FollowBack)
def follow_back(op: FollowBack, build: Build) -> Layer:
    """``eval`` of ``tf.scan``."""
    origin = build.reference(op.inputs[0])
    length = build.add(op, "length", {"from": origin, "axis": op.axis}, name="length")
    options = {"from": [origin, length], "eval": FOLLOWED_BACK, "allow_broadcast_all_sources": True}
    axes = {"axis": op.axis, "beam": op.beam}
    return build.add(op, "eval", {**options, "eval_locals": axes, "out_type": out_type(op.output)})
