"""What simulated customers say: phrases, people, products, noise and the truth behind each text."""
