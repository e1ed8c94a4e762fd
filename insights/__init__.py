"""Tables and features to findings that people can act on."""
