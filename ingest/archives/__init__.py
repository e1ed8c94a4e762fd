"""Months that were taken out of the store: Parquet any tool reads, checked, put back at will."""
