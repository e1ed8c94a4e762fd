"""One line of text in a picture, and the order in which people read lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

Box = tuple[float, float, float, float]
_SAME_ROW = 0.5  # of a line's height: boxes whose middles are nearer than that stand side by side


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Parameters
    ----------
    text : str
        As it was read.
    box : tuple of float
        Left, top, right and bottom in pixels of the upright picture, from its upper left corner.
    confidence : float
        In [0, 1], the recognizer's own mean over the characters.
    order : int
        Place in reading order, from 0.
    """

    text: str
    box: Box
    confidence: float
    order: int = 0

    def __post_init__(self) -> None:
        left, top, right, bottom = self.box
        if not (self.text and left <= right and top <= bottom):
            raise ValueError(
                f"line {self.text!r}: expected text and a box of left <= right, top <= bottom, "
                f"got {self.box}"
            )
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"line {self.text!r}: confidence {self.confidence}, expected [0, 1]")

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.box[3] - self.box[1]

    @property
    def middle(self) -> float:
        """Vertical middle in pixels."""
        return (self.box[1] + self.box[3]) / 2


def in_reading_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Return the lines from top to bottom and, in a row, from left to right, numbered.

    Lines stand in one row when their middles are nearer to each other than half a line's height.

    Examples
    --------
    >>> found = [Line("b", (50, 1, 60, 11), 1), Line("c", (0, 20, 9, 30), 1),
    ...          Line("a", (0, 0, 9, 10), 1)]
    >>> [(line.text, line.order) for line in in_reading_order(found)]
    [('a', 0), ('b', 1), ('c', 2)]
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: (line.middle, line.box[0], line.text)):
        row = rows[-1] if rows else []
        if row and abs(line.middle - row[0].middle) < _SAME_ROW * min(line.height, row[0].height):
            row.append(line)
        else:
            rows.append([line])
    ordered = [line for row in rows for line in sorted(row, key=lambda line: line.box[0])]
    return tuple(
        Line(line.text, line.box, line.confidence, place) for place, line in enumerate(ordered)
    )


def usual_height(lines: Iterable[Line]) -> float:
    """Return the median height of the lines in pixels, 0 where there are none."""
    heights = [line.height for line in lines]
    return float(median(heights)) if heights else 0.0
