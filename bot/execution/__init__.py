"""What is sent to Fincart, and what its answers and logs mean for the orders."""
