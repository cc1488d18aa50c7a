"""The outputs of a network."""

from __future__ import annotations

from typing import Any

import numpy
from returnn.datasets.hdf import SimpleHDFWriter
from returnn.forward_iface import ForwardCallbackIface


class HdfWriter(ForwardCallbackIface):
    """
    Writes each output to an HDF file, which RETURNN's HDFDataset reads; one without time axis has one frame a sequence.

    :param paths: of the files, which must not be there, by the names of the outputs
    """

    def __init__(self, paths: dict[str, str]):
        self.paths = paths

    def init(self, *, model: Any) -> None:
        """Nothing; a file is begun with the first sequence, by which its shape is known."""
        self.files: dict[str, SimpleHDFWriter] = {}

    def process_seq(self, *, seq_tag: str, outputs: Any) -> None:
        """Adds a sequence to each file."""
        for name, path in self.paths.items():
            output = outputs[name]
            values, features = _with_frames(output)
            frame_axes = values.ndim - (features is not None)
            if name not in self.files:
                labels = features if output.sparse_dim is None else output.sparse_dim
                self.files[name] = SimpleHDFWriter(
                    path,
                    dim=None if labels is None else labels.dimension,
                    ndim=values.ndim,
                    labels=None if labels is None or labels.vocab is None else labels.vocab.labels,
                )
            lengths = numpy.array([values.shape[:frame_axes]], "int32")
            self.files[name].insert_batch(
                values[None],
                seq_len={axis: lengths[:, axis] for axis in range(frame_axes)},
                seq_tag=[seq_tag],
                extra={"seq_sizes": lengths},
            )

    def finish(self) -> None:
        """Ends the files, which only then have their names."""
        for file in self.files.values():
            file.close()


def _with_frames(output: Any) -> tuple[numpy.ndarray, Any]:
    """The values, first the axes with lengths, then others, last the features; and the dim of the features, if any."""
    dynamic = [axis for axis, dim in enumerate(output.dims) if dim.dyn_size_ext is not None]
    static = [axis for axis, dim in enumerate(output.dims) if dim.dyn_size_ext is None]
    values = output.raw_tensor.transpose([*dynamic, *static])
    has_features = bool(static) and output.sparse_dim is None
    if not dynamic:
        values = numpy.expand_dims(values, values.ndim - has_features)
    return values, output.dims[static[-1]] if has_features else None
