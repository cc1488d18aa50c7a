"""How networks that search were written before the pass of beams."""
