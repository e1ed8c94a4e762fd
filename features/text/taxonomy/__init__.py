"""What a business sorts its texts into: labels with examples, as data, and a classifier of them."""
