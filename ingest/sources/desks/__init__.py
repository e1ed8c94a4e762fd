"""Service desks and team chats: their exports and recorded webhooks, one system a file."""
