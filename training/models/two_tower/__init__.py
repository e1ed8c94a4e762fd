"""Parts of the two-tower model: what towers read, windows to learn from, the network, the fit."""
