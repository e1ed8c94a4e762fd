"""Messages to conversations, customer turns and replies: what message reports are counted from."""
