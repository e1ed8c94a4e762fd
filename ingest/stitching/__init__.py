"""One customer under several identifiers: joined by exact keys, with evidence, reversibly."""
