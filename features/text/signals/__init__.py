"""What a message tells the business: pains, wishes, intent to buy, anger in public, urgency."""
