"""Fincart's two calls, which never raise to the caller."""
