"""Loads a config as Sisyphus names it: ``configs/g2p.py`` is the function ``py`` of the module ``configs.g2p``."""

from __future__ import annotations

import ast
import importlib
import os
import re
from typing import Any

from . import settings
from .garbage import seldom_collected


class ConfigError(Exception):
    """A config that cannot be run, for the user."""


def call_config(text: str) -> None:
    """
    Calls the function of a config.

    :param text: ``configs/FILE.FUNCTION``, maybe with literal arguments in brackets
    :raises ConfigError: if there is no such file or function
    """
    match = re.fullmatch(r"([\w./-]+?)(\(.*\))?", text.strip(), re.DOTALL)
    if not match:
        raise ConfigError(f"{text!r} names no config. Write for example configs/g2p.py or configs/g2p.full")
    module_name, _, function_name = match[1].replace("/", ".").rpartition(".")
    file = os.path.join(settings.BASE_DIR, *module_name.split(".")) + ".py"
    if not os.path.exists(file):
        plain = os.path.join(settings.BASE_DIR, *match[1].replace("/", ".").split(".")) + ".py"
        hint = f" Did you mean {match[1]}.py?" if os.path.exists(plain) else ""
        raise ConfigError(f"there is no config file {os.path.relpath(file, settings.BASE_DIR)}.{hint}")
    module = importlib.import_module(module_name)
    function = getattr(module, function_name, None)
    if not callable(function):
        own = [
            name
            for name, value in vars(module).items()
            if callable(value) and getattr(value, "__module__", None) == module_name and not name.startswith("_")
        ]
        raise ConfigError(
            f"{os.path.relpath(file, settings.BASE_DIR)} has no function {function_name}(). It has: {', '.join(own)}. "
            f"{match[1].rsplit('.', 1)[0]}.NAME runs another one than py()"
        )
    args, kwargs = _arguments(match[2])
    with seldom_collected():
        function(*args, **kwargs)


def _arguments(text: str | None) -> tuple[list[Any], dict[str, Any]]:
    if not text:
        return [], {}
    try:
        call = ast.parse(f"f{text}", mode="eval").body
        assert isinstance(call, ast.Call)
        return (
            [ast.literal_eval(argument) for argument in call.args],
            {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg},
        )
    except (SyntaxError, ValueError, AssertionError) as error:
        raise ConfigError(f"the arguments {text} of a config must be plain values: {error}") from error
