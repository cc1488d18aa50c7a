"""``./sis console``, and the jobs of a config by their names, for notebooks too."""
