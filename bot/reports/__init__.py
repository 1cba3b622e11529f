"""What people read back: history, a request, an export, the Home tab."""
