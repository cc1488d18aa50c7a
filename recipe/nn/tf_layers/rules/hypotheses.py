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

CANDIDATES = ConfigFunction(
    '''
    def candidates(data, rest, beam, labels):
        """The entries of two axes together, as one axis after some others."""
        import tensorflow as tf

        x = data.copy_transpose([*rest, beam, labels]).placeholder
        return tf.reshape(x, tf.concat([tf.shape(x)[:-2], [beam.dimension * labels.dimension]], axis=0))
    '''
)
BEST_PLACES = ConfigFunction(
    '''
    def best_places(source, self, beam, labels, **_kwargs):
        """The places of the greatest entries of two axes together, counted along both; 0 where there are no more."""
        import tensorflow as tf

        *rest, out = self.output.dims
        x = candidates(source(0, as_data=True, auto_convert=False), rest, beam, labels)
        count = min(out.dimension, beam.dimension * labels.dimension)
        places = tf.math.top_k(x, k=count).indices
        if count == out.dimension:
            return places
        return tf.pad(places, [[0, 0]] * len(rest) + [[0, out.dimension - count]])
    ''',
    needs=(CANDIDATES,),
)
BEST_ENTRIES = ConfigFunction(
    '''
    def best_entries(source, self, beam, labels, **_kwargs):
        """The greatest entries of two axes together, by their places; -inf where there are no more."""
        import tensorflow as tf

        *rest, out = self.output.dims
        x = candidates(source(0, as_data=True, auto_convert=False), rest, beam, labels)
        places = source(1, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        best = tf.gather(x, places, batch_dims=len(rest))
        count = beam.dimension * labels.dimension
        if count >= out.dimension:
            return best
        return tf.where(tf.range(out.dimension) < count, best, tf.fill(tf.shape(best), -float("inf")))
    ''',
    needs=(CANDIDATES,),
)
SELECTED = ConfigFunction(
    '''
    def selected(source, self, before, beam, **_kwargs):
        """The values along an axis over hypotheses at the places that another source says."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        origin = source(1, as_data=True, auto_convert=False)
        dims = list(self.output.dims)
        shared = [dim for dim in x.dims if dim != before and dim in origin.dims]
        rest = [*shared, *(dim for dim in origin.dims if dim != beam and dim not in shared)]
        values = [dim for dim in dims if dim not in (*rest, beam)]
        x = x.copy_transpose([*shared, before, *values]).placeholder
        origin = origin.copy_transpose([*rest, beam]).placeholder
        # of each part of the shared axes, which row is that of the first hypothesis
        sizes = tf.shape(origin)[: len(shared)]
        first = tf.reshape(tf.range(tf.reduce_prod(sizes)) * before.dimension, sizes)
        rows = origin + first[(..., *[None] * (len(rest) - len(shared) + 1))]
        order = [dim for dim in dims if dim not in values]
        rows = tf.transpose(rows, [[*rest, beam].index(dim) for dim in order])
        count = tf.reduce_prod(sizes) * before.dimension
        x = tf.reshape(x, tf.concat([[count], tf.shape(x)[len(shared) + 1 :]], axis=0))
        return tf.transpose(tf.gather(x, rows), [[*order, *values].index(dim) for dim in dims])
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
        places = tf.scan(back, tf.concat([steps, last[None]], axis=0), initializer=last, reverse=True)[1:]
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
