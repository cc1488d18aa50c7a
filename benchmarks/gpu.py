"""
The written PyTorch on a GPU: whether its values are those of the CPU, and how fast it is against models by hand.

    python benchmarks/gpu.py

It needs PyTorch and three wheels: returnn, dm-tree and h5py, no TensorFlow and no network. On a machine with network,
with the Python version of the one with the GPU in place of 3.11:

    pip download --no-deps returnn==1.20261022.211313
    pip download --no-deps --only-binary :all: --python-version 3.11 dm-tree h5py

It takes the models of ``recipe.models``: letters to phones of the size "full" in training and in search with beam 12, a
Conformer with CTC (12 layers of 512), and a Transformer (6 and 6 layers of 512), on random data; by hand they are
``torch_g2p.py`` and ``torch_models.py``. Each is checked first: losses of two steps, of which the second depends on the
gradients, on the GPU against those on the CPU and against those by hand, within 1e-3. Then both take steps in turns. It
ends within 8 minutes. Without a GPU the models are small and run on the CPU, so the figures say nothing.
"""

from __future__ import annotations

import argparse
import pathlib
import statistics
import sys
import time
from collections.abc import Mapping
from typing import NamedTuple

PROJECT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT))

import localsis  # noqa: E402

localsis.install()

import numpy  # noqa: E402
import torch  # noqa: E402

from benchmarks import torch_g2p  # noqa: E402
from benchmarks.g2p_batches import LEARNING_RATE, MAX_STEPS  # noqa: E402
from benchmarks.gpu_cases import LARGE, SMALL, Case, Feeds, Sizes, cases  # noqa: E402
from benchmarks.torch_session import TorchSession  # noqa: E402

TOLERANCE = 1e-3
OPTIONS = {
    "optimizer": {"class": "adam", "epsilon": 1e-8},
    "learning_rate": LEARNING_RATE,
    "gradient_clip_global_norm": 2.0,
}


class Figures(NamedTuple):
    """
    What was measured of one contender.

    :ivar per_second: steps, by the median of their times
    :ivar memory: GiB of the GPU at most; 0 on a CPU
    """

    per_second: float
    memory: float


class Ours:
    """The written text with RETURNN's optimizer."""

    def __init__(self, case: Case, parameters: Mapping[str, numpy.ndarray], device: str, dropout: float):
        text = case.network(dropout).config_text(engine="torch", config=OPTIONS)
        self._session = TorchSession(text, "search" if case.beam else "train", parameters, device=device)
        self._is_search, self.model = bool(case.beam), self._session.model

    def step(self, feeds: Feeds) -> float:
        """A step; gives the loss, or the mean score of the best hypotheses."""
        if self._is_search:
            return float(self._session.outputs(feeds)["beam_scores"].max(dim=1).values.mean())
        return self._session.train(feeds)


class ByHand:
    """The same model by hand, with Adam of PyTorch."""

    def __init__(self, case: Case, parameters: Mapping[str, numpy.ndarray], device: str, dropout: float):
        self.model = case.by_hand(dropout)
        case.load(self.model, parameters)
        self.model.to(device).train(not case.beam)
        self._beam, self._device = case.beam, device
        self._optimizer = torch.optim.Adam(self.model.parameters(), lr=LEARNING_RATE, eps=1e-8)

    def step(self, feeds: Feeds) -> float:
        """As :meth:`Ours.step`."""
        keeps_lengths = isinstance(self.model, torch_g2p.Model)
        given = []
        for values, lengths in (feeds["data"], feeds["classes"]):
            counts = torch.from_numpy(lengths).long()
            given += [
                torch.from_numpy(values).to(self._device),
                counts if keeps_lengths else counts.to(self._device),
            ]
        if self._beam:
            labels, scores = self.model.search(*given[:2], beam_size=self._beam, max_steps=MAX_STEPS)  # type: ignore[operator]
            steps = int((labels != 0).sum(dim=2).max()) + 1
            return float(scores[:, 0].mean()) / min(steps, MAX_STEPS)
        self._optimizer.zero_grad()
        loss = self.model(*given)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        self._optimizer.step()
        return float(loss.detach())


def check(case: Case, parameters: Mapping[str, numpy.ndarray], device: str) -> None:
    """
    Compares what the first and the second step give without dropout; the second one's depends on the gradients.

    :raises SystemExit: if it is not the same
    """
    feeds = {name: tuple(part[-4:] for part in parts) for name, parts in case.feeds.items()}
    contenders = {
        f"written, {device}": Ours(case, parameters, device, 0.0),
        "written, CPU": Ours(case, parameters, "cpu", 0.0),
        f"by hand, {device}": ByHand(case, parameters, device, 0.0),
    }
    values = {name: [one.step(feeds) for _ in range(2)] for name, one in contenders.items()}
    first, *others = values
    for other in others:
        differences = [abs(a - b) / max(1.0, abs(b)) for a, b in zip(values[first], values[other])]
        if not max(differences) <= TOLERANCE:
            raise SystemExit(f"{case.name}: {first} gives {values[first]}, {other} gives {values[other]}")
        print(f"  {first} / {other}: differ by {max(differences):.1e} at most")


def measure(case: Case, parameters: Mapping[str, numpy.ndarray], device: str, seconds: float) -> dict[str, Figures]:
    """Steps of both in turns."""
    contenders: dict[str, Ours | ByHand] = {}
    memory: dict[str, float] = {}
    for name, kind in (("written", Ours), ("by hand", ByHand)):
        before = _memory(device)
        contenders[name] = kind(case, parameters, device, 0.1)
        for _ in range(2):
            contenders[name].step(case.feeds)
        memory[name] = _peak_memory(device) - before
    times: dict[str, list[float]] = {name: [] for name in contenders}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times["written"]:
        for name, contender in contenders.items():
            start = time.perf_counter()
            contender.step(case.feeds)  # it gives a number of Python, so the GPU has done all of it
            times[name].append(time.perf_counter() - start)
    return {name: Figures(1.0 / statistics.median(times[name]), memory[name]) for name in contenders}


def _memory(device: str) -> float:
    """GiB that are in use; the peak is counted from now on."""
    if device == "cpu":
        return 0.0
    torch.cuda.reset_peak_memory_stats()
    return torch.cuda.memory_allocated() / 2**30


def _peak_memory(device: str) -> float:
    return 0.0 if device == "cpu" else torch.cuda.max_memory_allocated() / 2**30


def run(sizes: Sizes, device: str, seconds: float) -> dict[str, dict[str, Figures]]:
    """Checks and measures all cases; gives the figures by case and contender."""
    torch.backends.cudnn.allow_tf32 = False  # 1e-3 is what is checked
    found: dict[str, dict[str, Figures]] = {}
    for case in cases(sizes):
        print(case.name)
        parameters = case.network(0.0).random_parameters()
        check(case, parameters, device)
        found[case.name] = figures = measure(case, parameters, device, seconds)
        for name, (per_second, memory) in figures.items():
            print(f"  {name:8s}{per_second:9.2f} steps/s" + (f"{memory:8.2f} GiB" if device != "cpu" else ""))
        print(f"  written / by hand: {figures['written'].per_second / figures['by hand'].per_second:.2f} times as fast")
        if device != "cpu":
            torch.cuda.empty_cache()
    return found


def main() -> None:
    """Compares, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0, help="of steps, for each of the four models")
    arguments = parser.parse_args()
    if torch.cuda.is_available():
        print(torch.cuda.get_device_name(), "PyTorch", torch.__version__)
        run(LARGE, "cuda", arguments.seconds)
    else:
        print("PyTorch sees no GPU, so the models are small and run on the CPU")
        run(SMALL, "cpu", min(arguments.seconds, 0.5))


if __name__ == "__main__":
    main()
