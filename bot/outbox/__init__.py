"""Messages: wanted with the change they tell of, rendered from the rows when they are sent."""
