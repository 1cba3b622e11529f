"""The commands of operators: `check` and `audit`."""
