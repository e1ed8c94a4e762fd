"""How content a customer sounds in a conversation, on the scale of a survey."""
