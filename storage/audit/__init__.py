"""The chained audit events, and the checks of chain and rows."""
