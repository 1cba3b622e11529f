"""Stand-ins for Slack and Fincart, for the demo and the tests: stateful, strict, and never the real thing."""
