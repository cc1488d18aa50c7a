"""``./sis data``: what the trainings of a config would see."""
