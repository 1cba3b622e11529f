"""The worker: lanes of background work, and the use case for each delivery."""
