"""What a customer has to do with a thing, and what happened or is to happen: relations, events."""
