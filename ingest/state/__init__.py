"""Application state of a workspace: in a file of its own, or on a PostgreSQL server by URL."""
