"""Loop fission: what of a loop's steps is computed before or after it, for all steps at once."""

from .fission import fission

__all__ = ["fission"]
