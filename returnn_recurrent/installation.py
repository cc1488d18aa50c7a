"""What pip installs: sources that have the new names in their imports already, so that editors can follow them."""

from __future__ import annotations

import os
import pathlib
import runpy

from setuptools.command.build_py import build_py

renamed = runpy.run_path(os.path.join(os.path.dirname(__file__), "names.py"))["renamed"]  # no package yet, while built


class BuildWithNewNames(build_py):
    """Copies the modules into the package, with the new names in their imports."""

    def build_module(self, module: object, module_file: str, package: object) -> tuple[str, bool]:
        """
        Copies one module.

        :return: its copy, and whether it was written
        """
        file, is_new = super().build_module(module, module_file, package)
        path = pathlib.Path(file)
        path.write_text(renamed(pathlib.Path(module_file).read_text(encoding="utf-8")), encoding="utf-8")
        return file, is_new
