"""What Prometheus scrapes (docs/operations/alerts.md)."""
