"""What the process does by itself: lanes, and the use case of each delivery."""
