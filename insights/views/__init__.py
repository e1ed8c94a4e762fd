"""Tables for BI tools: what they hold, how they are made, and how they are replaced."""
