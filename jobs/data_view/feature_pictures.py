"""Features of some sequences as a picture: time from left to right, features from below, a row for each sequence."""

from __future__ import annotations

from .sample import Sample, Stream


def feature_streams(sample: Sample) -> list[Stream]:
    """Those whose frames have several numbers each."""
    return [
        stream
        for stream in sample.streams
        if not stream.is_sparse and any(array.ndim == 2 and array.shape[1] > 1 for array in stream.arrays)
    ]


def draw_features(sample: Sample, stream: Stream, path: str) -> None:
    """Writes the picture of the examples of a stream, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [(tag, array) for tag, array in zip(sample.tags, stream.arrays) if array.size]
    figure = Figure(figsize=(10, 2.2 * len(rows)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (tag, array) in zip(figure.subplots(len(rows), 1, squeeze=False)[:, 0], rows):
        image = axes.imshow(array.T, origin="lower", aspect="auto", interpolation="nearest")
        axes.set_title(f"{tag}: {stream.key} {list(array.shape)}", fontsize=9, parse_math=False)
        axes.set_ylabel("feature")
        figure.colorbar(image, ax=axes)
    axes.set_xlabel("frame")
    figure.savefig(path, dpi=100)
