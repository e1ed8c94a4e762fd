"""What stands in pictures: lines of text read offline, with their place and, in chats, speaker."""
