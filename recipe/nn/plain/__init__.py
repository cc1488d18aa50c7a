"""What knows no graph: dims, numbers, dtypes, delayed values, structures, initial values of parameters, messages."""
