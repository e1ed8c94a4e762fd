"""Which messages are worth reading: spam, small talk, gibberish and near-empty ones are flagged."""
