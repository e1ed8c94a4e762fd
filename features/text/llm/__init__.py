"""A language model behind any OpenAI-compatible endpoint: optional, checked, local by default."""
