"""The outbox: messages are enqueued with the change they report, and rendered from the rows when sent."""
