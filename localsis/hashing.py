"""Hashes of job arguments, equal to those of Sisyphus, and refused where Sisyphus refuses them."""

from __future__ import annotations

import enum
import hashlib
import inspect
import pathlib
import types
from typing import Any

from .engine_names import module_in_sisyphus, name_in_sisyphus
from .refusal import Refusal

_CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_LONGEST = 4096
_NUMBERS_AND_TEXT = frozenset({int, float, bool, str, complex})
_PLAIN = (int, float, bool, str, complex, list, tuple, set, frozenset, dict)


def short_hash(value: Any, length: int = 12, chars: Any = _CHARACTERS) -> str:
    """The characters that end a job's id."""
    number = int.from_bytes(hashlib.sha256(hash_bytes(value)).digest(), "big")
    characters = []
    for _ in range(length):
        number, index = divmod(number, len(chars))
        characters.append(chars[index])
    return "".join(characters)


def hash_bytes(value: Any) -> bytes:
    """
    What is hashed: the type's name and the parts, in brackets; longer than 4096 bytes, their SHA-256.

    :raises Refusal: for what Sisyphus cannot hash: an object that shows nothing of what is in it, a lambda, ...
    """
    kind = type(value)
    if kind in _NUMBERS_AND_TEXT:
        parts = [repr(value).encode()]
    elif isinstance(value, bytes):
        parts = [value]
    elif value is None:
        parts = []
    elif kind is list or kind is tuple:
        parts = [hash_bytes(item) for item in value]
    elif kind is set or kind is frozenset:
        parts = sorted(hash_bytes(item) for item in value)
    elif isinstance(value, dict):
        parts = sorted(hash_bytes(item) for item in value.items())
    elif inspect.isfunction(value) or inspect.isclass(value):
        parts = [hash_bytes(_importable_name(value))]
    elif hasattr(value, "_sis_hash"):
        return _own_hash(value)
    else:
        parts = [hash_bytes(object_state(value))]
    name = "EnumMeta" if kind is enum.EnumMeta else kind.__qualname__
    text = b"(" + b", ".join([name.encode(), *parts]) + b")"
    return hashlib.sha256(text).digest() if len(text) > _LONGEST else text


def object_state(value: Any) -> Any:
    """
    What an object is made of: arguments for ``__new__``, and ``__sis_state__()``, state or attributes.

    :raises Refusal: for an object that has none of these, and for a type derived from a container
    """
    if value is None:
        return None
    base = next((base for base in _PLAIN if isinstance(value, base)), None)
    if base is not None:
        if type(value) is base:
            return value
        if not hasattr(value, "__getnewargs_ex__") and not hasattr(value, "__getnewargs__"):
            raise Refusal(value, f"it is of a type derived from {base.__name__}, whose items would not be hashed")
    if isinstance(value, (types.MethodDescriptorType, types.WrapperDescriptorType)):
        return value.__qualname__
    if isinstance(value, types.ModuleType):
        return module_in_sisyphus(value.__name__)
    if inspect.isfunction(value) or inspect.isclass(value):
        return value.__module__, value.__qualname__
    if isinstance(value, pathlib.PurePath):
        return str(value)
    return _state_of_object(value)


def _state_of_object(value: Any) -> Any:
    arguments = None
    for getter in ("__getnewargs_ex__", "__getnewargs__"):
        if hasattr(value, getter):
            arguments = getattr(value, getter)()
            break
    state = _own_state(value, is_made_of_arguments=arguments is not None)
    if isinstance(value, enum.Enum):
        if not isinstance(state, dict):
            raise Refusal(value, "it is of an enum whose state is no dict")
        state.pop("_sort_order_", None)
    return state if arguments is None else (arguments, state)


def _own_state(value: Any, *, is_made_of_arguments: bool) -> Any:
    if hasattr(value, "__sis_state__"):
        return value.__sis_state__()
    if hasattr(value, "__getstate__") and value.__class__.__getstate__ is not getattr(object, "__getstate__", None):
        return value.__getstate__()
    state = _attributes(value)
    if state or hasattr(value, "__dict__") or hasattr(value, "__slots__"):
        return state
    if not is_made_of_arguments:
        raise Refusal(value, "nothing of what is in it can be seen, so different ones would be one job")
    return None


def _attributes(value: Any) -> dict[str, Any]:
    """Attributes of the object itself, also those of types written in C, but none of its class."""
    if isinstance(value, (types.MethodWrapperType, types.BuiltinMethodType)):
        return {"__self__": value.__self__, "__name__": value.__name__}
    found = dict(getattr(value, "__dict__", {}))
    for name in getattr(value, "__slots__", ()):
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


def _importable_name(value: Any) -> tuple[str, str]:
    """Module and name of a function or class, as Sisyphus has them where they are this engine's."""
    if inspect.isfunction(value) and value.__name__ == "<lambda>":
        raise Refusal(value, "a lambda has no name by which a worker would find it")
    if value.__module__ == "__main__":
        raise Refusal(value, "it stands in the program itself, which a worker cannot import")
    return name_in_sisyphus(value)


def _own_hash(value: Any) -> bytes:
    """
    What an object itself says is to be hashed.

    :raises Refusal: if that is no bytes
    """
    said = value._sis_hash()
    if not isinstance(said, (bytes, bytearray, memoryview)):
        raise Refusal(value, f"its _sis_hash() gives {said!r}, which is no bytes")
    return said  # type: ignore[return-value]
