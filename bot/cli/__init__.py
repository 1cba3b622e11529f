"""The operators' commands: `check`, `audit`, `pause`, `resume` and `stop`."""
