"""Data sources: each reads one raw format and yields rows under canonical column names."""

from ingest.sources.base import Broken, RawBatch, Source, SourceError, Times

__all__ = ["Broken", "RawBatch", "Source", "SourceError", "Times"]
