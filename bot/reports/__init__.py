"""What people read: history, one request, exports, the Home tab."""
