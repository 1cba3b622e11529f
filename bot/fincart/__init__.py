"""Fincart: its two calls, and no exception to the caller."""
