"""Studies: questions about a model that one evaluation does not answer."""
