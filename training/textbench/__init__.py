"""How good text analysis is on public data, measured by fixed protocols."""
