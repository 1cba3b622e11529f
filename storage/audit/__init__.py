"""The chained events, and what holds the chain and the rows to them."""
