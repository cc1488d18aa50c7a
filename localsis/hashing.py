"""Hashes of job arguments, equal to those of Sisyphus."""

from __future__ import annotations

import enum
import hashlib
import inspect
import pathlib
import types
from typing import Any

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LONGEST = 4096
_NUMBERS_AND_TEXT = (int, float, bool, str, complex)


def short_hash(value: Any, length: int = 12) -> str:
    """The characters that end a job's id."""
    number = int.from_bytes(hashlib.sha256(hash_bytes(value)).digest(), "big")
    characters = []
    for _ in range(length):
        number, index = divmod(number, len(_CHARACTERS))
        characters.append(_CHARACTERS[index])
    return "".join(characters)


def hash_bytes(value: Any) -> bytes:
    """
    What is hashed: the type's name and the parts, in brackets; longer than 4096 bytes, their SHA-256.

    :raises TypeError: for a function or class that cannot be found by its name
    """
    plain = value is None or isinstance(value, (bytes, dict)) or type(value) in (*_NUMBERS_AND_TEXT, list, tuple)
    named = inspect.isfunction(value) or inspect.isclass(value)
    if not plain and not named and type(value) not in (set, frozenset) and hasattr(value, "_sis_hash"):
        return value._sis_hash()
    name = "EnumMeta" if type(value) is enum.EnumMeta else type(value).__qualname__
    text = b"(" + b", ".join([name.encode(), *_parts(value)]) + b")"
    return hashlib.sha256(text).digest() if len(text) > _LONGEST else text


def _parts(value: Any) -> list[bytes]:
    if value is None:
        return []
    if isinstance(value, bytes):
        return [value]
    if type(value) in _NUMBERS_AND_TEXT:
        return [repr(value).encode()]
    if type(value) in (list, tuple):
        return [hash_bytes(item) for item in value]
    if type(value) in (set, frozenset):
        return sorted(hash_bytes(item) for item in value)
    if isinstance(value, dict):
        return sorted(hash_bytes(item) for item in value.items())
    if inspect.isfunction(value) or inspect.isclass(value):
        if value.__module__ == "__main__" or value.__name__ == "<lambda>":
            raise TypeError(f"{value!r} cannot be hashed: it needs a name in a module that can be imported")
        return [hash_bytes((value.__module__, value.__qualname__))]
    return [hash_bytes(object_state(value))]


def object_state(value: Any) -> Any:
    """What an object is made of: arguments for ``__new__``, and ``__sis_state__()``, state or attributes."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return value.__qualname__
    if inspect.isfunction(value) or inspect.isclass(value):
        return value.__module__, value.__qualname__
    for container in (list, tuple, set, frozenset):
        if isinstance(value, container) and type(value) is not container and not hasattr(value, "__getnewargs__"):
            raise TypeError(f"{value!r} cannot be hashed: it is of a type derived from {container.__name__}")
    state = _own_state(value)
    if isinstance(value, enum.Enum):
        state.pop("_sort_order_", None)
    for getter in ("__getnewargs_ex__", "__getnewargs__"):
        if hasattr(value, getter):
            return getattr(value, getter)(), state
    return state


def _own_state(value: Any) -> Any:
    if hasattr(value, "__sis_state__"):
        return value.__sis_state__()
    own = getattr(type(value), "__getstate__", None)
    if own is not None and own is not getattr(object, "__getstate__", None):
        return value.__getstate__()
    return _attributes(value)


def _attributes(value: Any) -> dict[str, Any]:
    """Attributes of the object itself, also those of types written in C, but none of its class."""
    if isinstance(value, (types.MethodWrapperType, types.BuiltinMethodType)):
        return {"__self__": value.__self__, "__name__": value.__name__}
    found = dict(getattr(value, "__dict__", {}))
    slots = getattr(value, "__slots__", ())
    for name in [slots] if isinstance(slots, str) else slots:
        if hasattr(value, name):
            found[name] = getattr(value, name)
    of_class: dict[str, Any] = {}
    for cls in reversed(type(value).__mro__):
        of_class.update(vars(cls))
    for name in dir(value):
        if name in found or (name.startswith("__") and name not in ("__self__", "__func__")):
            continue
        member = of_class.get(name)
        if hasattr(member, "__get__") and not inspect.ismemberdescriptor(member):
            continue
        try:
            item = getattr(value, name)
        except AttributeError:
            continue
        if name not in of_class or member is not item:
            found[name] = item
    return found
