"""What is known about items: facts from behavior and texts, and vectors from their descriptions."""
