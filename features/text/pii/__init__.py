"""Personal data in Chinese and English texts: found, masked for display, joined by pseudonym."""
