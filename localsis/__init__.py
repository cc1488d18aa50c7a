"""
The embedded engine: runs the jobs of this setup on one machine where Sisyphus is not installed.

It offers what jobs, configs and recipes of this setup use of Sisyphus, with the same job ids and work directory,
so that Sisyphus can go on with its work and the other way round. What is beyond that is an error that names Sisyphus.

``import localsis; localsis.open_setup()`` is the first line of a notebook, also where Sisyphus is installed.
"""

from typing import Any

from .module import install

__all__ = ["install", "open_setup"]


def __getattr__(name: str) -> Any:
    if name != "open_setup":
        raise AttributeError(name)
    from .this_process import open_setup

    return open_setup
