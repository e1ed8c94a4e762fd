"""Open a picture from a file or from bytes: upright, in color, of a size that can be read."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MOST_BYTES = 40_000_000
MOST_PIXELS = 120_000_000  # 360 MB once opened


class ImageError(ValueError):
    """A picture that cannot be read; the message says why and what to do."""


def content(source: Path | str | bytes) -> bytes:
    """Return the bytes of a picture.

    Raises
    ------
    ImageError
        If there is no such file, it is empty or larger than ``MOST_BYTES``.
    """
    if isinstance(source, bytes):
        data, name = source, "picture"
    else:
        name = f"picture {source}"
        try:
            size = Path(source).stat().st_size
            data = Path(source).read_bytes() if size <= MOST_BYTES else b"x" * (MOST_BYTES + 1)
        except OSError as error:
            reason = error.strerror or "it cannot be opened"
            raise ImageError(f"{name}: {reason}; check the path and that it may be read") from error
    if not data:
        raise ImageError(f"{name}: the file is empty; export it again")
    if len(data) > MOST_BYTES:
        raise ImageError(f"{name}: more than {MOST_BYTES:,} bytes; save it smaller, as JPEG")
    return data


def opened(data: bytes, name: str = "picture") -> Image:
    """Return the picture in RGB, turned upright as its EXIF orientation says, on white.

    Raises
    ------
    ImageError
        If these bytes are no picture, a damaged one, or one of more than ``MOST_PIXELS``.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 (only for pictures)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            found = Image.open(io.BytesIO(data))
        _check_size(found.size, name)
        found.load()
        return _on_white(ImageOps.exif_transpose(found))
    except UnidentifiedImageError as error:
        raise ImageError(f"{name}: no picture that can be read; save it as JPEG or PNG") from error
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImageError(f"{name}: it is damaged or cut off ({error}); export it again") from error


def sized(picture: Image, *, shortest: int, longest: int) -> tuple[Image, float]:
    """Return the picture with its longer side between two bounds, and by what it was scaled.

    Parameters
    ----------
    picture : PIL.Image.Image
        Of any size.
    shortest, longest : int
        Bounds of the longer side, in pixels; small print in a small picture is enlarged threefold
        at most.
    """
    from PIL import Image  # noqa: PLC0415 (as above)

    side = max(picture.size)
    scale = min(1.0, longest / side) if side > shortest else min(3.0, shortest / side)
    if scale == 1:
        return picture, 1.0
    width, height = (max(1, round(length * scale)) for length in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS), scale


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if width * height > MOST_PIXELS:
        raise ImageError(f"{name}: {width} x {height} pixels; save it smaller")


def _on_white(picture: Image) -> Image:
    from PIL import Image  # noqa: PLC0415 (as above)

    if picture.mode == "RGB":
        return picture
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    white = Image.new("RGBA", seen.size, "white")
    return Image.alpha_composite(white, seen).convert("RGB")
