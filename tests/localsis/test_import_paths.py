"""IMPORT_PATHS of settings.py: with a slash at the end what is in a directory, without it the package itself."""

from __future__ import annotations

import pathlib

import pytest

from localsis import settings
from localsis.import_paths import ImportPathFinder


@pytest.mark.parametrize(
    ("entries", "name", "file"),
    [
        (["library/"], "things", "library/things.py"),
        (["library"], "things", None),
        (["library"], "library", "library"),
        (["far/away/library"], "library", "far/away/library"),
        (["library", "far/away/library"], "library", "library"),
    ],
)
def test_entries(
    entries: list[str], name: str, file: str | None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory in ("library", "far/away/library"):
        (tmp_path / directory).mkdir(parents=True)
        (tmp_path / directory / "things.py").touch()
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    monkeypatch.setattr(settings, "IMPORT_PATHS", entries)
    spec = ImportPathFinder().find_spec(name, None)
    if file is None:
        assert spec is None
        return
    assert spec is not None
    found = spec.origin or next(iter(spec.submodule_search_locations or []))
    assert found == str(tmp_path / file)


def test_module_in_a_package_is_looked_for_there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "things.py").touch()
    monkeypatch.setattr(settings, "IMPORT_PATHS", ["library"])
    spec = ImportPathFinder().find_spec("library.things", [str(tmp_path)])
    assert spec is not None and spec.origin == str(tmp_path / "things.py")
