"""The real process, killed where it hurts most and raced against another, and a checker that trusts neither."""
