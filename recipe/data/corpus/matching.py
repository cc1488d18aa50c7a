"""Transcripts and recordings must belong together: what is missing of which."""

from __future__ import annotations

from collections.abc import Collection


def check_matching(transcripts: Collection[str], recordings: Collection[str], where: str, *, advice: str = "") -> None:
    """
    :param transcripts: names of those that have a text
    :param recordings: names of those that have sound
    :param where: for the message: the directory or file that both are of
    :param advice: what to do, at the end of the message
    :raises ValueError: if some have the one and not the other; the message names them
    """
    without_audio = sorted(set(transcripts) - set(recordings))
    without_text = sorted(set(recordings) - set(transcripts))
    if without_audio:
        raise ValueError(f"{where}: transcripts without audio: {some_of(without_audio)}{advice}")
    if without_text:
        raise ValueError(f"{where}: audio without transcript: {some_of(without_text)}{advice}")


def some_of(names: list[str], most: int = 10) -> str:
    """The first names of a list, and how many there are besides."""
    more = f" and {len(names) - most} others" if len(names) > most else ""
    return ", ".join(names[:most]) + more
