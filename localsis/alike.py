"""What a user may have meant by a misspelled name."""

from __future__ import annotations

from collections.abc import Iterable


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most alike; None if none is."""
    import difflib  # only for what is wrong, so that nothing else waits for it

    names = list(known)
    alike = [one for one in names if one.lower() == name.lower()] or difflib.get_close_matches(name, names, n=1)
    return alike[0] if alike else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about a misspelled name, to put behind a message; nothing if no known name is alike."""
    found = closest(name, known)
    return f" Did you mean {found!r}?" if found else ""
