"""How fast message reports are, how much memory they take, and how both grow with the messages."""
