"""Edit distance."""

from __future__ import annotations

from typing import Any

from ...ops.edit_distance import EditDistance
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer
from ..out_type import out_type
from ..rule import rule

ALIGNED = ConfigFunction(
    '''
    def aligned(data, dims):
        """The array of a value with these axes in order, of size 1 where it has none such."""
        import tensorflow as tf

        x = data.copy_transpose([dim for dim in dims if dim in data.dims]).placeholder
        sizes = iter(tf.unstack(tf.shape(x), len(data.dims)))
        return tf.reshape(x, [next(sizes) if dim in data.dims else 1 for dim in dims])
    '''
)

EDIT_DISTANCE = ConfigFunction(
    '''
    def edit_distance(source, self, a_axis, b_axis, **_kwargs):
        """How many labels are to be inserted, deleted or replaced: the table of Wagner and Fischer, row by row."""
        import tensorflow as tf

        a, a_lengths, b, b_lengths = [source(number, as_data=True, auto_convert=False) for number in range(4)]
        dims = list(self.output.dims)
        a_axis = a.dims[a.get_axis_from_description(a_axis)]
        b_axis = b.dims[b.get_axis_from_description(b_axis)]
        a, b = aligned(a, [*dims, a_axis]), aligned(b, [*dims, b_axis])
        a_lengths, b_lengths = aligned(a_lengths, dims)[..., None], aligned(b_lengths, dims)[..., None]
        positions = tf.range(tf.shape(b)[-1] + 1)
        shape = tf.broadcast_dynamic_shape(tf.shape(a)[:-1], tf.shape(b)[:-1])
        begin = tf.broadcast_to(positions, tf.concat([shape, tf.shape(positions)], axis=0))
        before = positions[:, None] >= positions[None, :]

        def row(above, number):
            wrong = tf.cast(tf.not_equal(b, a[..., number, None]), "int32")
            replaced = above[..., :-1] + wrong
            least = tf.concat([above[..., :1] + 1, tf.minimum(above[..., 1:] + 1, replaced)], axis=-1)
            inserted = tf.where(before, (least - positions)[..., None, :], 2**30)
            return tf.where(number < a_lengths, positions + tf.reduce_min(inserted, axis=-1), above)

        last = tf.foldl(row, tf.range(tf.shape(a)[-1]), begin)
        distances = tf.reduce_sum(tf.where(tf.equal(positions, b_lengths), last, 0), axis=-1)
        return tf.ensure_shape(distances, [dim.dimension for dim in dims])
    ''',
    needs=(ALIGNED,),
)


@rule(EditDistance)
def edit_distance(op: EditDistance, build: Build) -> Layer:
    """``eval``: RETURNN's own layers for it need an op that is compiled."""
    sources: list[Any] = []
    for tensor, axis in zip(op.inputs, (op.a_axis, op.b_axis)):
        length = {"from": build.reference(tensor), "axis": axis}
        sources += [build.reference(tensor), build.add(op, "length", length, name="length")]
    options: dict[str, Any] = {"from": sources, "eval": EDIT_DISTANCE, "allow_broadcast_all_sources": True}
    options["eval_locals"] = {"a_axis": op.a_axis, "b_axis": op.b_axis}
    return build.add(op, "eval", {**options, "out_type": {"sparse_dim": None, **out_type(op.output)}})
