"""HTML pages from templates: each text is escaped, no script, no other file."""

from __future__ import annotations

import functools
import os
from typing import Any

_TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do with a page: no script, nothing from elsewhere."""


def render(template: str, **values: Any) -> str:
    """
    A page, or a part of one.

    :param template: the name of a file in ``templates``
    :param values: what it shows; texts are escaped
    """
    return str(_environment().get_template(template).render(policy=POLICY, **values))


@functools.cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
