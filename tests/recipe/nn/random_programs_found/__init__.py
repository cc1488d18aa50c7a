"""Random programs that once failed, each reduced to what it takes, by what is in it."""
