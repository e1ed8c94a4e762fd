"""Online Retail (UCI 352, CC BY 4.0): invoice lines of a British web shop, as one Parquet file.

What is decided here
--------------------
- A line of an invoice is an event. Invoices that start with C are cancellations: kind ``return``
  with a positive quantity and a negative value. Postage, fees, discounts and manual corrections
  (stock codes such as POST, D, M) are kind ``charge`` and name no item. Goods sent for nothing are
  kind ``gift``. Everything else is a ``purchase``.
- Lines without a customer, and stock corrections (a negative quantity outside a cancellation, a
  negative price) break the row contract: the load rejects them, with row and reason.
- Times are British local time. Items have no category and, because prices move, no price; the
  title is the description seen most often.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt, validate_call

from ingest.sources.base import RawBatch
from ingest.sources.sql import open_views, stream

_CODES = "('POST', 'DOT', 'D', 'M', 'm', 'C2', 'S', 'B', 'BANK CHARGES', 'AMAZONFEE', 'CRUK')"

_CUSTOMERS = """
SELECT "CustomerID"::BIGINT::VARCHAR AS customer_id,
    json_object('country', arg_min("Country", "InvoiceDate"))::VARCHAR AS attributes,
    timezone('Europe/London', min("InvoiceDate")::TIMESTAMP) AS first_seen_at
FROM lines WHERE "CustomerID" IS NOT NULL GROUP BY "CustomerID" ORDER BY "CustomerID"
"""

_ITEMS = f"""
WITH named AS (
    SELECT "StockCode" AS item_id, trim("Description") AS title, count(*) AS times
    FROM lines WHERE "StockCode" NOT IN {_CODES} GROUP BY 1, 2
)
SELECT item_id, title FROM named
QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY title IS NULL, times DESC, title) = 1
ORDER BY item_id
"""  # noqa: S608 - our own codes

_EVENTS = f"""
WITH numbered AS (
    SELECT *, row_number() OVER (PARTITION BY "InvoiceNo" ORDER BY file_row_number) AS line,
        "InvoiceNo" LIKE 'C%' AS cancelled, "StockCode" IN {_CODES} AS fee
    FROM lines
)
SELECT "InvoiceNo" || '-' || line AS event_id, "CustomerID"::BIGINT::VARCHAR AS customer_id,
    CASE WHEN fee THEN 'charge' WHEN cancelled THEN 'return'
        WHEN "UnitPrice" = 0 THEN 'gift' ELSE 'purchase' END AS kind,
    CASE WHEN NOT fee THEN "StockCode" END AS item_id,
    round("Quantity"::DOUBLE * "UnitPrice"::DOUBLE, 4) AS value,
    CASE WHEN cancelled THEN abs("Quantity") ELSE "Quantity" END::DOUBLE AS quantity,
    "UnitPrice"::DOUBLE AS price,
    timezone('Europe/London', "InvoiceDate"::TIMESTAMP) AS occurred_at,
    json_object('invoice', "InvoiceNo", 'stock_code', "StockCode", 'country', "Country",
        'description', "Description")::VARCHAR AS attributes
FROM numbered ORDER BY file_row_number
"""  # noqa: S608 - our own codes


class OnlineRetail:
    """The UCI Online Retail file as customers, items and events.

    Parameters
    ----------
    file : Path
        Parquet with InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
        CustomerID, Country.
    name : str
        Name of the source, written on every row.
    batch_rows : int
        Rows of one batch.

    Raises
    ------
    SourceError
        From :meth:`batches`, if the file is missing, is not Parquet or has other columns.
    """

    @validate_call
    def __init__(
        self,
        *,
        file: Path,
        name: str = "online_retail",
        batch_rows: Annotated[PositiveInt, Field(le=2_000_000)] = 200_000,
    ) -> None:
        self.file = file
        self.name = name
        self.batch_rows = batch_rows

    def batches(self) -> Iterator[RawBatch]:
        """Yield customers, items and then every invoice line in the order of the file."""
        with open_views({"lines": self.file}) as connection:
            for table, sql in (("customers", _CUSTOMERS), ("items", _ITEMS), ("events", _EVENTS)):
                yield from stream(
                    connection, sql, table=table, file=str(self.file), batch_rows=self.batch_rows
                )
