"""What ``recipe.nn`` offers by name, for advice in messages; the package itself fills it."""

PUBLIC_NAMES: set[str] = set()
