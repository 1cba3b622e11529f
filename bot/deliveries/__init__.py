"""What Slack delivered, as it is stored: one frozen class for each kind, and the frame in which one is handled."""
