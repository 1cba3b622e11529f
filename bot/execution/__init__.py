"""The engine: sends calls to Fincart, and settles orders by its answers and logs."""
