"""The finished record: what is checked of it, how it is pickled, whether parameters of two agree."""
