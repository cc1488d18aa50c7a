"""What the Python text of ops says, where it is a call with options."""

from __future__ import annotations

from recipe import nn

from ..inputs import CLASSES, FRAMES, TIME


def model() -> dict[str, nn.Tensor]:
    frames, classes = nn.get_extern_data(FRAMES), nn.get_extern_data(CLASSES)
    best, window = nn.Dim(2, "best"), nn.Dim(3, "window")
    values, positions = nn.top_k(frames, best, axis=TIME)
    first = nn.argmax(frames, axis=TIME)
    stopped = nn.scale_gradient(frames, -0.5)
    total = nn.reduce_logsumexp(frames, TIME)
    both = nn.logaddexp(frames, stopped)
    chunks = nn.chunk(classes, window)
    folded, angle = nn.fold(chunks, window), nn.atan(frames)
    results = {"values": values, "positions": positions, "first": first, "total": total, "both": both}
    return {**results, "folded": folded, "angle": angle}


def test_calls() -> None:
    lines = [line.partition("  #")[0] for line in nn.Network(model).as_python().splitlines()]
    for line in (
        'values, values_2 = nn.top_k(data, out_dim="best", axis="time")',
        'first = nn.argmax(data, axis="time")',
        "stopped = nn.scale_gradient(data, factor=-0.5)",
        'total = nn.reduce_logsumexp(data, axis="time")',
        "both = nn.logaddexp(data, stopped)",
        "atan = nn.atan(data)",
        'range_from_length = nn.range_from_length(floordiv, out_dim="time_by_3")',
        'fold = nn.fold(chunks, range_from_length_2, axis="time_by_3", window="window", out_dim="time_by_3*3")',
    ):
        assert any(line in text for text in lines), (line, lines)
