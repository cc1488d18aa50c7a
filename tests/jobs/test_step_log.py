"""The steps in RETURNN's log, of both engines, of interrupted trainings, and of several processes."""

from __future__ import annotations

from jobs.step_log import StepLog

TENSORFLOW = (
    "train epoch {epoch}, step {step}, cost:ce {loss}, error:frames 1.0, loss 66.4, max_size:data 5, num_seqs 4, "
    "stats:batch:mean [1.0, 2.0], stats:grad_norm:p2 0.25, 0.500 sec/step, elapsed 0:00:02, complete 73.33%\n"
)
TORCH = (
    "ep {epoch} train, step {step}, ce {loss}, grad_norm:p2 0.25, num_seqs 4, max_size:time 5, 0.500 sec/step, end\n"
)


def lines(form: str, *steps: tuple[int, int]) -> str:
    """The log of steps, each with its epoch; the loss is both numbers."""
    return "".join(form.format(epoch=epoch, step=step, loss=f"{epoch}.{step}") for epoch, step in steps)


def test_values_of_both_engines() -> None:
    (first,) = StepLog().read("RETURNN starts up\n" + lines(TENSORFLOW, (1, 0)) + "ep 1 dev, step 0, 1 sec/step\n")
    assert first == (
        0,
        {"cost:ce": 1.0, "error:frames": 1, "loss": 66.4, "max_size:data": 5, "num_seqs": 4, "grad_norm:p2": 0.25},
        0.5,
        False,
        1,
        0,
        0.7333,
    )
    (second,) = StepLog().read(lines(TORCH, (1, 0)))
    assert second.complete == 1.0
    assert second.values == {"ce": 1.0, "grad_norm:p2": 0.25, "num_seqs": 4, "max_size:time": 5}


def test_a_log_that_grows() -> None:
    """Steps are counted over epochs; half a line is read with its rest."""
    log, text = StepLog(), lines(TORCH, (1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (3, 0))
    found = [step for start in range(0, len(text), 50) for step in log.read(text[start : start + 50])]
    assert [(step.number, step.values["ce"]) for step in found] == list(enumerate([1.0, 1.1, 2.0, 2.1, 2.2, 3.0]))


def test_an_interrupted_training_and_several_processes() -> None:
    log = StepLog()
    both = [(1, step) for step in range(4) for _ in "ab"]
    found = list(log.read(lines(TORCH, *both, (2, 0), (2, 1), (2, 2), (2, 0), (2, 1), (3, 0), (1, 0), (1, 1))))
    numbers = [(step.number, step.is_again) for step in found]
    again = [(4, True), (5, False), (6, False)]
    assert numbers == [(number, False) for number in range(7)] + again + [(0, True), (1, False)]
