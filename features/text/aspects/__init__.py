"""What each clause of a text says about which aspect: target, opinion, polarity."""
