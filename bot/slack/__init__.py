"""Slack: its Web API, Socket Mode, and who somebody is."""
