"""The benchmarks of recording and of making graphs run; how long they take is theirs to print."""

from __future__ import annotations

from benchmarks.graph import make_graph
from benchmarks.record import record, transformer


def test_three_jobs_for_each_training() -> None:
    assert make_graph(2) == 6
    assert make_graph(2) == 6, "the same jobs again"


def test_recorded_network() -> None:
    assert record() == record() == transformer().digest
    network = transformer()
    parameters = sum(parameter.dims[0].size * parameter.dims[-1].size for parameter in network.parameters.values())
    assert parameters > 40_000_000
    assert {"encoder/layers/5/attention/query/W", "decoder/layers/5/feed_forward/hidden/W"} <= set(network.parameters)
