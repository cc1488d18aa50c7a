"""Lines of the written text: what nothing reads is left out, what is long is broken as a formatter does it."""

from __future__ import annotations

import pathlib
import random
import subprocess
import sys

from recipe.nn.torch_code.formatting import formatted
from recipe.nn.torch_code.lines import Lines


def test_what_nothing_reads_is_left_out() -> None:
    lines = Lines()
    lines.add("lengths = given()", defines="lengths")
    lines.add("size = int(lengths.max())", defines="size")
    lines.add("mask = lengths > 0", defines="mask")
    lines.add("other = 1  # as long as size", defines="other")
    lines.add("return size")
    assert lines.kept() == ["    lengths = given()", "    size = int(lengths.max())", "    return size"]


def test_a_block_without_statements() -> None:
    lines = Lines()
    with lines.block("for t in range(3):"):
        lines.add("alive = t < 2", defines="alive")
    with lines.block("for t in range(4):"):
        lines.add("print(t)")
    assert lines.kept() == ["    for t in range(3):", "        pass", "    for t in range(4):", "        print(t)"]


def test_before_all_blocks() -> None:
    lines = Lines()
    lines.add("x = 1")
    with lines.block("for t in range(3):"):
        with lines.block("for s in range(3):"):
            lines.add_before_blocks("weights = x")
            lines.add("print(weights)")
    lines.add_before_blocks("y = 2")
    assert [line.strip() for line in lines.kept()] == [
        *("x = 1", "weights = x", "for t in range(3):", "for s in range(3):", "print(weights)", "y = 2")
    ]


def test_long_statements_are_as_a_formatter_leaves_them(tmp_path: pathlib.Path) -> None:
    """Random calls in calls, tuples and lists, of any length."""
    generator = random.Random(1)

    def value(depth: int) -> str:
        name = "x" * generator.randint(1, 30)
        if depth == 0 or generator.random() < 0.3:
            return generator.choice([name, f'"{name}, {name})"', f"{name}[:, None]", "1.0"])
        items = ", ".join(value(depth - 1) for _ in range(generator.randint(2, 4)))
        return generator.choice([f"{name}({items})", f"({items})", f"[{items}]", f"torch.{name}({items}, dim=1)"])

    statements = [f"{'y' * generator.randint(1, 20)} = f({value(2)}, {value(3)})" for _ in range(300)]
    lines = [line for statement in statements for line in formatted(statement, 1)]
    assert max(map(len, lines)) <= 120
    file = tmp_path / "statements.py"
    file.write_text("def f():\n" + "\n".join(lines) + "\n", encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_comment_of_a_long_statement_stands_above_it() -> None:
    code = f"value = torch.where({'x' * 50}, {'y' * 40})"
    assert formatted(f"{code}  # [batch, time]", 1) == ["    # [batch, time]", f"    {code}"]
