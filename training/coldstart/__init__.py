"""How good models are where they know little: new customers, their first clicks, new items."""
