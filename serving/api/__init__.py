"""Online endpoint: recommendations, profiles and similar items over HTTP; events come back."""
