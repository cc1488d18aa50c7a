"""Both engines and PyTorch by hand take steps in turns, and compute the same."""

from __future__ import annotations

from .programs import run_benchmark

TINY = ("--size", "tiny", "--steps", "1", "--further-steps", "1", "--words", "10", "--beam", "2", "--threads", "1")


def test_steps_and_runs() -> None:
    printed = run_benchmark("engines", *TINY, "--rounds", "1", "--run-steps", "3")
    assert "losses equal" in printed and "scores equal" in printed
    assert printed.count("PyTorch by hand, threads: 1") == 2
    assert "run: python -m returnn, 3 steps" in printed and printed.count("\ntorch  ") == 2
