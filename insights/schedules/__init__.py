"""Reports that make themselves: when they are due, what has run, what was missed."""
