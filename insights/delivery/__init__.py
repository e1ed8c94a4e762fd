"""Ways to tell people: channels, messages, and trying until one arrives; for whoever has news."""
