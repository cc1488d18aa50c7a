"""Values whose ids depend on the versions of Python and NumPy: not recorded, for a comparison of both engines."""

from __future__ import annotations

import argparse
import ast
import collections.abc
import contextvars
import datetime
import functools
import inspect
import io
import ipaddress
import os
import queue
import string
import sys
import tempfile
import threading
import time
import types
import typing
import unittest.mock
import weakref
import zoneinfo
from collections.abc import Callable
from typing import Any

import numpy

from . import generated_classes as classes


def makers(values: Any) -> list[Callable[[], Any]]:
    """
    What makes them.

    :param values: the :class:`tests.localsis.generated_values.Values` that makes all others
    """
    return [
        lambda: classes.Bits.READ | classes.Bits.WRITE,
        lambda: numpy.add,
        lambda: numpy.mean,
        lambda: numpy.dtype(values.chosen.choice(["float32", "int8"])),
        lambda: numpy.ma.array([1, 2]),
        lambda: numpy.poly1d([1, 2]),
        lambda: numpy.random.default_rng(1),
        lambda: numpy.longdouble(1),
        lambda: numpy.rec.array([(1, 2)]),
        lambda: numpy.void(b"abc"),
        lambda: numpy.array([(1, 2)], dtype=[("a", int), ("b", int)])[0],
        lambda: numpy.nditer([1]),
        lambda: list[int],
        lambda: typing.Optional[int],  # noqa: UP045
        lambda: typing.List[int],  # noqa: UP006
        lambda: typing.Any,
        lambda: classes.double.__code__,
        lambda: functools.lru_cache(classes.double),
        lambda: functools.partialmethod(classes.double),
        lambda: property(classes.double),
        lambda: staticmethod(classes.double),
        lambda: io.StringIO("text"),
        lambda: io.BytesIO(b"text"),
        lambda: weakref.ref(classes.Options),
        lambda: threading.Event(),
        lambda: inspect.signature(classes.add),
        lambda: datetime.datetime.now,
        lambda: string.Template("$a"),
        lambda: super(classes.SameAsClass, classes.SameAsClass(1)),
        lambda: type("Made", (), {})(),
        lambda: zoneinfo.ZoneInfo("UTC"),
        lambda: ast.parse("1 + 1"),
        lambda: contextvars.ContextVar("name"),
        lambda: queue.Queue(),
        lambda: tempfile.TemporaryDirectory,
        lambda: collections.abc.Sequence,
        lambda: unittest.mock.sentinel.some,
        lambda: ipaddress.ip_address("127.0.0.1"),
        lambda: argparse.Namespace(a=values.inner()),
        lambda: classes.Attributes.derived,
        lambda: types.ModuleType("made"),
        lambda: types.GenericAlias(list, (int,)),
        lambda: os.stat_result(range(10)),
        lambda: sys.version_info,
        lambda: sys.flags,
        lambda: time.gmtime(0),
    ]
