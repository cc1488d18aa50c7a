"""The benchmarks of recording and of making graphs run; how long they take is theirs to print."""

from __future__ import annotations

from benchmarks.graph import make_graph, measure
from benchmarks.record import different, record, transformer
from benchmarks.yardstick import yardstick


def test_three_jobs_for_each_training() -> None:
    assert make_graph(2) == 6
    assert make_graph(2) == 6, "the same jobs again"


def test_recorded_network() -> None:
    assert record() == record() == transformer().digest
    network = transformer()
    parameters = sum(parameter.dims[0].size * parameter.dims[-1].size for parameter in network.parameters.values())
    assert parameters > 40_000_000
    assert {"encoder/layers/5/attention/query/W", "decoder/layers/5/feed_forward/hidden/W"} <= set(network.parameters)


def test_different_networks_and_the_loop_beside_them() -> None:
    assert different(3) > 0 and yardstick() > 0


def test_graph_in_a_process_of_its_own() -> None:
    _, cpu, memory, jobs = measure(2)
    assert cpu > 0 and memory > 0 and jobs == 6
