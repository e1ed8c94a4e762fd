"""Action items: what is done about a number, by whom, until when, and what it changed."""
