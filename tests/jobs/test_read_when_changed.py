"""A file is read again when it changed, and only then."""

from __future__ import annotations

import os
import pathlib
import time

from jobs.read_when_changed import ReadWhenChanged


class Reader:
    """Reads a text, and counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, path: str) -> str | None:
        self.count += 1
        return pathlib.Path(path).read_text() if os.path.exists(path) else None


def set_age(path: pathlib.Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_read_once_until_it_changes(tmp_path: pathlib.Path) -> None:
    path, reader = tmp_path / "file", Reader()
    file = ReadWhenChanged(str(path), reader)
    assert file.get() is None
    path.write_text("one")
    set_age(path, 100)
    assert [file.get(), file.get(), file.get()] == ["one"] * 3 and reader.count == 2
    path.write_text("two")
    set_age(path, 50)
    assert [file.get(), file.get()] == ["two"] * 2 and reader.count == 3
    other = tmp_path / "other"
    other.write_text("new")
    set_age(other, 50)
    os.replace(other, path)  # of the same size and age
    assert [file.get(), file.get()] == ["new"] * 2
    path.unlink()
    assert file.get() is None


def test_changes_right_after_each_other_are_seen(tmp_path: pathlib.Path) -> None:
    """Also where the file system gives both the same time."""
    path, reader = tmp_path / "file", Reader()
    file = ReadWhenChanged(str(path), reader)
    for age in (0, -1000):  # now, and by a clock that is ahead
        for text in ("a", "b", "c"):
            path.write_text(text)
            set_age(path, age)
            assert file.get() == text


def test_directory(tmp_path: pathlib.Path) -> None:
    names = ReadWhenChanged(str(tmp_path), lambda path: set(os.listdir(path)))
    set_age(tmp_path, 100)
    assert names.get() == set()
    (tmp_path / "new").touch()
    assert names.get() == {"new"}
