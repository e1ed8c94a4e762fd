"""Things that a message names: money, times and the business's own products, each with its span."""
