"""What people do with a request, a use case a module: they know rules and rows, and no payload of Slack."""
