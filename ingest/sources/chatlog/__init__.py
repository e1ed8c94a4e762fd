"""WeChat conversations as chatlog gives them: HTTP API, JSON, CSV and text exports, webhook."""
