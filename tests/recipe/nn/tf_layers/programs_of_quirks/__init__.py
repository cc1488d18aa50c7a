"""Programs that need work-arounds, by what these have to do with."""
