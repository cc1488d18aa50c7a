"""Losses of single steps from logs of both engines, while they grow and after interruptions."""

from __future__ import annotations

import pathlib

import pytest

from jobs.pages.step_scores import StepScores, scores_of

TENSORFLOW = (
    "train epoch {epoch}, step {step}, cost:ctc {loss}, error:frame_error 0.5, loss 9.0, 0.1 sec/step, "
    "elapsed 0:01:00, exp. remaining 0:01:00, complete {complete:.2f}%\n"
)
TORCH = (
    "ep {epoch} train, step {step}, ctc {loss}, num_seqs 4, max_size:time 7, mem_usage:cuda 1.2GB, 0.1 sec/step, "
    "elapsed 0:01:00, exp. remaining 0:01:00, complete {complete:.2f}%\n"
)


def _steps(line: str, epoch: int, losses: list[float], complete: float = 100.0) -> str:
    return "".join(
        line.format(epoch=epoch, step=step, loss=loss, complete=complete * (step + 1) / len(losses))
        for step, loss in enumerate(losses)
    )


@pytest.mark.parametrize(("line", "name"), [(TENSORFLOW, "score:ctc"), (TORCH, "ctc")])
def test_of_both_engines(tmp_path: pathlib.Path, line: str, name: str) -> None:
    log = tmp_path / "returnn.log"
    log.write_text("RETURNN starting up\n" + _steps(line, 1, [4.0, 2.0]) + "ep 1 dev eval, step 0, ctc 9.0\n")
    with log.open("a") as file:
        file.write(_steps(line, 2, [1.0], complete=25.0))
    assert StepScores(str(log)).read()[name] == [(0.5, 4.0), (1.0, 2.0), (1.25, 1.0)]


def test_reads_on_where_the_log_grew(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "returnn.log"
    steps = StepScores(str(log))
    assert steps.read() == {}
    first, second = _steps(TORCH, 1, [4.0, 2.0]).splitlines(keepends=True)
    log.write_text(first + second[:20])
    assert [point.value for point in steps.read()["ctc"]] == [4.0]
    with log.open("a") as file:
        file.write(second[20:])
    assert [point.value for point in steps.read()["ctc"]] == [4.0, 2.0]
    log.write_text(_steps(TORCH, 1, [7.0]))  # another log in its place
    assert steps.read()["ctc"] == [(1.0, 7.0)]


def test_what_was_trained_again_counts(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "returnn.log"
    log.write_text(_steps(TORCH, 1, [4.0, 3.0]) + _steps(TORCH, 2, [9.0, 9.0, 9.0], 50.0) + _steps(TORCH, 2, [2.0]))
    assert StepScores(str(log)).read()["ctc"] == [(0.5, 4.0), (1.0, 3.0), (2.0, 2.0)]
    with log.open("a") as file:
        file.write(_steps(TORCH, 1, [5.0]))
    assert StepScores(str(log)).read()["ctc"] == [(1.0, 5.0)]


def test_many_steps_are_means_of_neighbours(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "returnn.log"
    log.write_text(_steps(TENSORFLOW, 1, [float(step) for step in range(250)]) + _steps(TENSORFLOW, 2, [1.0]))
    points = StepScores(str(log)).read()["score:ctc"]
    assert len(points) == 84 + 1 and points[0] == (3 / 250, 1.0) and points[83] == (1.0, 249.0)


def test_scores_of_a_step() -> None:
    assert scores_of({"cost": 1.5, "error": 0.25, "loss": 9.0, "num_seqs": 4}) == {"score": 1.5, "error": 0.25}
    assert scores_of({"cost:a": 1.5, "grad_norm:p2": 2.0}) == {"score:a": 1.5, "grad_norm:p2": 2.0}
    assert scores_of({"loss": 1.5, "num_seqs": 3, "max_size:time": 5, "mem_usage:cuda": 2}) == {"loss": 1.5}
