"""The use cases: ask, decide, run, look back. They know the rules and the database, and nothing of Slack's payloads."""
