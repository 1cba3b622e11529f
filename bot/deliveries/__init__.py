"""Stored deliveries from Slack: one frozen class for each kind, and the transaction that handles one."""
