"""Arguments that do not change a result: not hashed, and told where one job is asked for with two of them."""

from __future__ import annotations

import functools
import inspect
import logging
import os
import sys
from typing import Any, ClassVar

from sisyphus import Job

from .options.plain import plain_arguments

_LOG = logging.getLogger("jobs")


class JobSingleton(type(Job)):  # called as the engine's own is: the name is part of the hash of a job's class
    """
    Makes equal hashed arguments give the same job, and has it look at those that are not hashed.

    Options of RETURNN are made plain values first: see :mod:`jobs.options.plain`.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The job with these arguments."""
        args, kwargs = plain_arguments(cls, args, kwargs)
        job = super().__call__(*args, **kwargs)
        kwargs.pop("sis_tags", None)
        parsed = _signature(cls).bind(None, *args, **kwargs)
        parsed.apply_defaults()
        job._ask({name: parsed.arguments[name] for name in cls.unhashed}, _place_of_caller())
        return job


class JobWithUnhashedArguments(Job, metaclass=JobSingleton):
    """
    Base of jobs some of whose arguments are not hashed: logging, device, resources, how long to train.

    Asking for a job again with other unhashed arguments gives the job that is there. That is told, with both values,
    except for those that it takes over.

    :cvar unhashed: the names of these arguments
    :cvar returnn_options: the names of arguments that go into a config of RETURNN, which are made plain values
    """

    unhashed: ClassVar[tuple[str, ...]] = ()
    returnn_options: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of everything that changes the result."""
        return super().hash({key: value for key, value in parsed_args.items() if key not in cls.unhashed})

    def take_over(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """
        Takes over what it can of unhashed arguments with which it is asked for again.

        :param arguments: all unhashed arguments
        :return: the names of those that hold now
        """
        return ()

    def _ask(self, arguments: dict[str, Any], place: str) -> None:
        """Takes note of the unhashed arguments that it is asked for with."""
        if not hasattr(self, "_sis_asked"):  # the engine passes over attributes of such names
            self._sis_asked = {name: (value, place) for name, value in arguments.items()}
        first = self._sis_asked
        different = {name: value for name, value in arguments.items() if not _is_same(value, first[name][0])}
        if not different:
            return
        taken = self.take_over(arguments)
        for name, value in different.items():
            before, where = first[name]
            if name in taken:
                first[name] = (value, place)
                self._note(name, value)
                continue
            _LOG.warning(
                f"{self.job_id()} is asked for twice: with {name}={before!r} ({where}) and with {name}={value!r} "
                f"({place}). {name} is not hashed, so it is one job; the first value is used"
            )

    def _note(self, name: str, value: Any) -> None:
        """Changes what the file ``info`` will say of an argument."""
        for engine in ("_sis_kwargs", "_sis_parsed"):
            if hasattr(self, engine):
                getattr(self, engine)[name] = value


@functools.cache
def _signature(job_class: type[Job]) -> inspect.Signature:
    return inspect.signature(job_class.__init__, follow_wrapped=False)  # type: ignore[misc]


def _is_same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and bool(left == right)


def _place_of_caller() -> str:
    """The line outside of this directory that asks for a job."""
    here = os.path.dirname(os.path.abspath(__file__)) + os.sep
    frame = sys._getframe(1)
    while frame.f_back is not None and _absolute(frame.f_code.co_filename).startswith(here):
        frame = frame.f_back
    return f"{os.path.relpath(frame.f_code.co_filename)}:{frame.f_lineno}"


_absolute = functools.cache(os.path.abspath)
