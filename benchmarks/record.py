"""
Recording, lowering and hashing a Transformer with 6+6 layers, d 512: after warm-up, and as a whole process.

Limits: 30 ms median; 0.5 s and 80 MB peak resident memory for a whole process; 6 CPU s for 1,000 different networks of
12 layers, those of ``benchmarks/graph.py``. The peer, returnn_common, takes 4.3 s warm, 8.7 s and 590 MB cold for such
a model. Run ``python benchmarks/record.py``.
"""

from __future__ import annotations

import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
COLD = "import sys; sys.path.insert(0, sys.argv[1]); from benchmarks.record import record; record()"
REPEATS = 30


def record() -> str:
    """Records the network, makes its net dict, and gives its digest."""
    network = transformer()
    network.net_dict()
    return network.digest


def transformer():  # noqa: ANN201 - nothing is imported with this file, so that the cold start is one
    """The network."""
    from recipe import nn
    from recipe.models.sequence_to_sequence import SequenceToSequence
    from recipe.models.transformer import TransformerDecoder, TransformerEncoder

    sources, targets = nn.Dim(10_000, name="sources"), nn.Dim(10_000, name="targets")
    dim, hidden_dim, heads = nn.Dim(512, name="model"), nn.Dim(2048, name="hidden"), nn.Dim(8, name="heads")
    model = SequenceToSequence(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="source_time")], sparse_dim=sources),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, name="target_time")], sparse_dim=targets),
        TransformerEncoder(sources, dim, hidden_dim, heads, num_layers=6),
        TransformerDecoder(targets, dim, hidden_dim, heads, end_label=0, num_layers=6),
        label_smoothing=0.1,
    )
    return nn.Network(model)


def different(number: int) -> float:
    """CPU seconds for recording and hashing so many different networks."""
    from benchmarks.graph import language_model
    from recipe import nn

    start = time.process_time()
    networks = [nn.Network(language_model(index)) for index in range(number)]
    digests = {network.digest for network in networks}
    seconds = time.process_time() - start
    assert len(digests) == number
    return seconds


def text() -> tuple[float, int]:
    """Seconds of CPU time to write the config, the median of ten, and its number of lines."""
    network, seconds = transformer(), []
    for _ in range(10):
        start = time.process_time()
        lines = network.config_text().count("\n")
        seconds.append(time.process_time() - start)
    return statistics.median(seconds), lines


def warm() -> tuple[float, float]:
    """Median seconds of one recording: on the clock, and of CPU time."""
    for _ in range(5):
        record()
    on_clock, of_cpu = [], []
    for _ in range(REPEATS):
        start, start_cpu = time.perf_counter(), time.process_time()
        record()
        on_clock.append(time.perf_counter() - start)
        of_cpu.append(time.process_time() - start_cpu)
    return statistics.median(on_clock), statistics.median(of_cpu)


def cold() -> tuple[float, float, float]:
    """Seconds on the clock, of CPU time, and peak MB of a whole process that records once: the median of five."""
    runs = [_one_process() for _ in range(5)]
    on_clock, of_cpu, memory = (statistics.median(values) for values in zip(*runs))
    return on_clock, of_cpu, memory


def _one_process() -> tuple[float, float, float]:
    import os

    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", COLD, str(ROOT)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit("the process that records once failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Prints each figure next to its limit."""
    warm_clock, warm_cpu = warm()
    cold_clock, cold_cpu, memory = cold()
    print("                                          measured     (CPU time)   limit     returnn_common")
    print(f"record, lower, hash, median after warm-up {warm_clock:7.4f} s  ({warm_cpu:7.4f} s)   0.030 s   4.3 s")
    print(f"a whole process from a cold start         {cold_clock:7.4f} s  ({cold_cpu:7.4f} s)   0.500 s   8.7 s")
    print(f"its peak resident memory                  {memory:7.1f} MB               80 MB     590 MB")
    from benchmarks.yardstick import yardstick

    print(f"1,000 different networks of 12 layers                ({different(1000):7.4f} s)   6 s")
    print(f"a loop in plain Python                               ({yardstick():7.4f} s)")
    seconds, lines = text()
    print(f"writing its config of {lines} lines: {seconds:.4f} s of CPU time (black: 18.7 s for 1,500 layers)")


if __name__ == "__main__":
    main()
