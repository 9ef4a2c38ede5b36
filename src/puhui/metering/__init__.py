"""What an answer costs, counted once."""
