"""What is found by name: a dict that tells of names that it has not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from .errors import MissingAttributeError, NetworkError, did_you_mean


class MissingNameError(NetworkError, KeyError):
    """A :class:`NetworkError` about a name, which ``except KeyError`` understands, too."""

    __str__ = Exception.__str__


class Named(dict):
    """
    A dict whose errors say which names there are.

    :param what: what it is of, as code: ``run.outputs``
    """

    what: str = "it"

    def __init__(self, values: Mapping[str, Any], what: str):
        super().__init__(values)
        self.what = what

    def __missing__(self, name: Any) -> NoReturn:
        raise MissingNameError(f"{self.what} has no {name!r}, there is {sorted(self)}.{did_you_mean(str(name), self)}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise MissingAttributeError(
            f"{self.what} is a dict, by names: write {self.what}[{name if name in self else 'name'!r}], there is "
            f"{sorted(self)}.{did_you_mean(name, self) if name not in self else ''}"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError(
            f"{self.what} is a dict, by names, and no method: write {self.what}.values(), or {self.what}.items()"
        )

    def __reduce__(self):
        return Named, (dict(self), self.what)
