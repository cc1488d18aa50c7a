"""What programs are written in: Module, Loop, State, Cond, MaskedComputation."""
