"""The use cases about requests, one a module. They know rules and rows, but no Slack payload."""
