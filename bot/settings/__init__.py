"""Settings, their checks, and the log."""
