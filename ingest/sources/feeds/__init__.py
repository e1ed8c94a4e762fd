"""News feeds: RSS and Atom, from files or an address."""
