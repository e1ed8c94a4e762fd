"""Pages of findings as PDF, set from the very HTML that a browser shows.

WeasyPrint reads the page with the rules that :data:`insights.export.STYLE` has for paper: numbered
A4 pages, no section cut where it can be kept whole, records left to the page on the screen.
"""

from __future__ import annotations

import logging
from pathlib import Path


def write_pdf(html: str, out: Path) -> None:
    """Write a page as PDF.

    Parameters
    ----------
    html : str
        A whole page that needs nothing from anywhere else: nothing is fetched.
    out : Path
        File to write.

    Raises
    ------
    ValueError
        If the libraries that set text (Pango) are not on this machine, with how to install them.
    """
    try:
        from weasyprint import HTML  # noqa: PLC0415  (half a second, and Pango must be there)
        from weasyprint.urls import URLFetcher  # noqa: PLC0415
    except OSError as error:
        raise ValueError(
            f"out={out}: setting a PDF needs Pango, which is not on this machine; install it "
            "(Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0, macOS: brew install pango) "
            f"or write .html and print it from a browser. {error}"
        ) from error
    for chatty in ("weasyprint", "fontTools"):  # each rule of a chart, each table of a font
        logging.getLogger(chatty).setLevel(logging.ERROR)
    inside = URLFetcher(allowed_protocols=("data",))
    HTML(string=html, url_fetcher=inside).write_pdf(out)
