"""Loads a config as Sisyphus names it: ``configs/g2p.py`` is the function ``py`` of the module ``configs.g2p``."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
from typing import Any

from . import settings
from .config_errors import words_of
from .config_names import (
    ConfigError,
    ConfigName,
    check_name,
    functions,
    missing_arguments,
    no_function,
    parse_name,
)
from .garbage import seldom_collected
from .settings_values import SettingsError


def call_config(text: str) -> None:
    """
    Calls the function of a config.

    :param text: ``configs/FILE.FUNCTION``, maybe with literal arguments in brackets
    :raises ConfigError: if there is no such file or function, if it wants other arguments, or if it fails
    """
    check_name(text, settings.BASE_DIR)
    name = parse_name(text)
    args, kwargs = _arguments(name.arguments)
    try:
        function = getattr(importlib.import_module(name.module), name.function, None)
        if callable(function):
            _check_arguments(name, function, args, kwargs)
            with seldom_collected():
                function(*args, **kwargs)
            return
    except (ConfigError, SettingsError):
        raise
    except Exception as error:
        raise ConfigError(words_of(error, settings.BASE_DIR)) from error
    raise ConfigError(no_function(name, functions(os.path.join(settings.BASE_DIR, name.file))))


def _check_arguments(name: ConfigName, function: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of what is written in C
        return
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        required = tuple(one.name for one in signature.parameters.values() if one.default is one.empty)
        if not (args or kwargs) and required:
            raise ConfigError(missing_arguments(name, str(signature), required)) from error
        raise ConfigError(f"{name.file}: {name.function}{signature} does not take {name.arguments}: {error}") from error


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
