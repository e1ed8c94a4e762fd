"""Profile cards: who a customer is, who said so, what they care about; and edits of them."""
