"""Outputs of searches: RETURNN's tasks know hypotheses as rows of the batch, with scores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..plain.dim import Dim, batch_dim
from ..record.graph import Tensor
from .build import Build
from .config_function import ConfigFunction
from .layers import Layer, Reference
from .out_type import type_of

ROWS = ConfigFunction(
    '''
    def rows_of_hypotheses(data, beams, rest):
        """The hypotheses of a sequence as rows of the batch that follow each other, the best one first."""
        import tensorflow as tf

        here = [dim for dim in beams if dim in data.dims]
        x = data.copy_transpose([data.get_batch_dim_tag(), *here, *rest]).placeholder
        sizes = tf.unstack(tf.shape(x))
        batch, inner = sizes[0], sizes[1 + len(here) :]
        x = tf.reshape(x, [batch, *(dim.dimension if dim in here else 1 for dim in beams), *inner])
        x = tf.broadcast_to(x, [batch, *(dim.dimension for dim in beams), *inner])
        return tf.reshape(x, [-1, *inner])
    '''
)
LENGTHS_OF_ROWS = ConfigFunction(
    '''
    def lengths_of_rows(source, beams, **_kwargs):
        """The lengths of hypotheses, which are rows of the batch."""
        return rows_of_hypotheses(source(0, as_data=True, auto_convert=False), beams, [])
    ''',
    needs=(ROWS,),
)
HYPOTHESES_AS_ROWS = ConfigFunction(
    '''
    def hypotheses_as_rows(source, self, beams, rest, **_kwargs):
        """The values of hypotheses as rows of the batch; says so to RETURNN, and what their scores are."""
        import tensorflow as tf
        from returnn.tf.layers.base import SearchChoices
        from returnn.tf.util.data import SearchBeam

        rows = rows_of_hypotheses(source(0, as_data=True, auto_convert=False), beams, rest)
        scores = rows_of_hypotheses(source(1, as_data=True, auto_convert=False), beams, [])
        axes = [source(2 + number, as_data=True, auto_convert=False).dims[0] for number in range(len(self.sources) - 2)]
        lengths = [axis.dyn_size for axis in axes]
        size = 1
        for dim in beams:
            size *= dim.dimension
        self.output.beam = SearchBeam(beam_size=size, name=self.get_absolute_name())
        for axis, length in zip([dim for dim in self.output.dims[1:] if dim.dimension is None], lengths):
            axis.dyn_size_ext.placeholder = length  # RETURNN has just repeated them for each hypothesis
        self.search_choices = SearchChoices(owner=self, beam_size=size)
        self.search_choices.beam_scores = tf.reshape(scores, [-1, size])
        return rows
    ''',
    needs=(ROWS,),
)


def hypotheses_as_rows(
    build: Build, source: Reference, dtype: str, axes: Iterable[Dim], scores: Tensor, sparse_dim: Dim | None = None
) -> Layer:
    """
    A layer with the hypotheses of a value as rows of the batch.

    :param source: the value
    :param dtype: its type
    :param axes: its dims, with axes over hypotheses
    :param scores: of the hypotheses
    :param sparse_dim: what its labels are of, if it holds labels
    """
    axes = tuple(axes)
    beams = [dim for dim in axes if dim.is_beam]
    rest = [dim for dim in axes if not dim.is_beam and not dim.is_batch]
    sources: list[Reference] = [source, build.reference(scores)]
    dims = []
    for dim in rest:
        if dim.is_dynamic:
            axis, positions = _axis_of_rows(build, source, dim, beams)
            dims.append(axis)
            sources.append(positions)
        else:
            dims.append(dim)
    options: dict[str, Any] = {"class": "eval", "from": sources, "eval": HYPOTHESES_AS_ROWS}
    options |= {"eval_locals": {"beams": beams, "rest": rest}, "allow_broadcast_all_sources": True}
    options["out_type"] = {"sparse_dim": None, **type_of([batch_dim, *dims], dtype, sparse_dim)}
    return Layer(build.root, build.root.unique_name("hypotheses"), options)


def _axis_of_rows(build: Build, source: Reference, dim: Dim, beams: list[Dim]) -> tuple[Dim, Layer]:
    """An axis of hypotheses that are rows in place of one, and a layer that has it."""

    def make() -> tuple[Dim, Layer]:
        root, axis = build.root, Dim(None, dim.name)
        length = Layer(root, root.unique_name("length"), {"class": "length", "from": source, "axis": dim})
        options: dict[str, Any] = {"class": "eval", "from": length, "eval": LENGTHS_OF_ROWS}
        options |= {"eval_locals": {"beams": beams}, "out_type": type_of([batch_dim], "int32")}
        lengths = Layer(root, root.unique_name("lengths"), options)
        options = {"class": "range_from_length", "from": lengths, "out_spatial_dim": axis}
        return axis, Layer(root, root.unique_name("positions"), options)

    made: tuple[Dim, Layer] = build.once(("axis of rows", dim, tuple(beams)), make)
    return made
