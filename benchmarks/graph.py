"""
Making the graph of a config with many trainings, each of its own network of 12 layers, with search and scoring.

Limits for 1,000 trainings (3,000 jobs): all ids known in 6 CPU s, at most 1 GB, cost growing linearly, on a machine on
which the loop of ``benchmarks/yardstick.py`` takes half a second. Each size runs in a process of its own. Run
``python benchmarks/graph.py``; sizes may be given as arguments.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
SIZES = (100, 1_000, 5_000)
LAYERS = 12


def make_graph(number: int) -> int:
    """Makes so many trainings with search and scoring, as a config; gives the number of different ids."""
    import localsis

    localsis.install()
    from sisyphus import tk

    from jobs.pronunciation_scoring import PronunciationScoringJob
    from jobs.search import SearchJob
    from jobs.training import TrainingJob
    from recipe import nn

    ids = set()
    for index in range(number):
        model = language_model(index)
        training = TrainingJob(
            nn.Network(model),
            {"class": "HDFDataset", "files": [tk.Path("train.hdf")]},
            {"class": "HDFDataset", "files": [tk.Path("dev.hdf")]},
            config={"optimizer": {"class": "adam"}, "learning_rates": [0.001] * 10, "batch_size": 1000},
            num_epochs=10,
            keep_epochs={10},
        )
        training.add_alias(f"trainings/{index}")
        search = SearchJob(
            nn.Network(model, search=nn.BeamSearch(4)),
            training.out_checkpoints[10],
            {"class": "HDFDataset", "files": [tk.Path("test.hdf")]},
        )
        scores = PronunciationScoringJob(search.out_hypotheses, tk.Path("lexicon.tsv"))
        tk.register_output(f"scores/{index}", scores.out_per)
        ids |= {training.job_id(), search.job_id(), scores.job_id()}
    return len(ids)


def language_model(index: int):  # noqa: ANN201 - the class is made here, so that importing this file imports nothing
    """A model with 12 layers; the size of the last one is its own."""
    from recipe import nn

    labels = nn.Dim(50, name="labels", labels=[f"label{number}" for number in range(50)])
    dim, own_dim = nn.Dim(512, name="dim"), nn.Dim(100 + index, name="own")

    class LanguageModel(nn.Module):
        """Feed-forward layers over the label before."""

        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(labels, dim)
            self.layers = nn.ModuleList(nn.Linear(dim, dim) for _ in range(LAYERS - 3))
            self.own = nn.Linear(dim, own_dim)
            self.output = nn.Linear(own_dim, labels)

        def forward(self, search: nn.BeamSearch | None = None) -> nn.Tensor:
            data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, name="time")], sparse_dim=labels)
            loop = nn.Loop(max_seq_len=50 if search else None)
            loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=labels)
            with loop:
                x = self.embedding(loop.state.label)
                for layer in self.layers:
                    x = nn.relu(layer(x))
                logits = self.output(nn.tanh(self.own(x)))
                target = None if search else loop.unstack(nn.get_extern_data(data))
                if target is not None:
                    nn.cross_entropy(logits, target).mark_as_loss("cross_entropy")
                loop.state.label = nn.choice(logits, target=target, search=search)
                if search:
                    loop.end(loop.state.label == 0, include_eos=False)
                return loop.stack(loop.state.label)

    return LanguageModel()


def measure(number: int) -> tuple[float, float, float, int]:
    """Seconds on the clock, of CPU time, peak MB, and the number of ids, in a process of its own."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--one", str(number)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status:
        raise SystemExit(f"making {number} trainings failed")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, int(output)


def main() -> None:
    """Prints a line for each size, and how the cost of a training grows."""
    if sys.argv[1:2] == ["--one"]:
        from localsis.garbage import seldom_collected

        with seldom_collected():  # as while a config is read
            print(make_graph(int(sys.argv[2])))
        return
    from benchmarks.yardstick import yardstick

    print(f"a loop in plain Python: {yardstick():.2f} CPU s")
    sizes = [int(size) for size in sys.argv[1:]] or SIZES
    print("trainings   jobs   seconds   CPU seconds   CPU ms a training   peak MB")
    for size in sizes:
        seconds, cpu, memory, jobs = measure(size)
        limit = "   limit: 6 CPU s, 1,000 MB" if size == 1_000 else ""
        print(
            f"{size:9} {jobs:6} {seconds:9.1f} {cpu:13.1f} {cpu / size * 1000:19.1f} {memory:9.0f}{limit}", flush=True
        )


if __name__ == "__main__":
    main()
