"""Batch scoring: recommendations of many customers as one Parquet file."""
