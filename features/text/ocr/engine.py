"""Read the lines of a picture offline: PP-OCR models that ship inside the ``rapidocr`` wheel.

Cui et al., "PaddleOCR 3.0 Technical Report", 2025, run by ONNX Runtime. The three model files are
named one by one, since the library would look for others, and download them, where names do not
match; where one is missing here, that is an error.
"""

from __future__ import annotations

import importlib.util
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

import numpy as np
from pydantic import Field, validate_call

from features.text.base import fingerprint
from features.text.ocr.lines import Line, in_reading_order
from features.text.ocr.picture import content, opened, sized

VERSION = "1"
MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}


class Reader:
    """Reads pictures. The models (26 MB) are loaded with the first one.

    Parameters
    ----------
    threads : int
        Threads for one picture.
    longest : int
        Pictures with a longer side than this, in pixels, are scaled down before reading.
    shortest : int
        Pictures with a shorter longer side than this are scaled up.
    detail : int
        Longer side, in pixels, at which lines are looked for; they are read at full size. Time
        grows with its square.
    min_confidence : float
        Lines less sure than this are left out.

    Raises
    ------
    pydantic.ValidationError
        If a value is out of range.
    """

    @validate_call
    def __init__(
        self,
        *,
        threads: Annotated[int, Field(ge=1, le=64)] = 2,
        longest: Annotated[int, Field(ge=320, le=10_000)] = 2000,
        shortest: Annotated[int, Field(ge=32, le=2000)] = 640,
        detail: Annotated[int, Field(ge=320, le=4000)] = 960,
        min_confidence: Annotated[float, Field(ge=0, le=1)] = 0.5,
    ) -> None:
        self._threads = threads
        self._longest = longest
        self._shortest = shortest
        self._detail = detail
        self._min_confidence = min_confidence
        self._lock = Lock()
        chosen = (longest, shortest, detail, min_confidence)
        self.version = f"{VERSION}:{fingerprint(*MODELS.values(), *chosen)}"

    def __getstate__(self) -> dict[str, Any]:
        """Leave the models behind: another process loads its own."""
        left = ("_engine", "_lock")
        return {name: value for name, value in self.__dict__.items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    def read(self, source: Path | str | bytes) -> tuple[Line, ...]:
        """Return the lines of a picture in reading order; none where nothing is written.

        Parameters
        ----------
        source : Path, str or bytes
            A file, or what is in it. Addresses of the web are no files.

        Raises
        ------
        ImageError
            If the picture cannot be read; the message says what to do.
        """
        name = "picture" if isinstance(source, bytes) else f"picture {source}"
        whole = opened(content(source), name)
        picture, scale = sized(whole, shortest=self._shortest, longest=self._longest)
        with self._lock:  # the library keeps state between its steps
            found = self._engine(np.asarray(picture)[:, :, ::-1].copy())
        if not found.txts:
            return ()
        rows = zip(found.boxes, found.txts, found.scores, strict=True)
        return in_reading_order(_line(*row, scale) for row in rows if str(row[1]).strip())

    @cached_property
    def _engine(self) -> Any:
        from rapidocr import RapidOCR  # noqa: PLC0415 (loads ONNX Runtime and OpenCV)

        names = {f"{part}.model_path": str(path) for part, path in model_files().items()}
        return RapidOCR(
            params={
                **names,
                "Global.log_level": "error",
                "Global.text_score": self._min_confidence,
                "Global.max_side_len": self._longest,
                "Det.limit_type": "max",
                "Det.limit_side_len": self._detail,
                "EngineConfig.onnxruntime.intra_op_num_threads": self._threads,
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            }
        )


def read_image(source: Path | str | bytes, *, reader: Reader | None = None) -> tuple[Line, ...]:
    """Return the lines of a picture in reading order, see :meth:`Reader.read`.

    Parameters
    ----------
    source : Path, str or bytes
        A file, or what is in it.
    reader : Reader, optional
        Give one to read several pictures: each new one loads the models.
    """
    return (reader or Reader()).read(source)


def model_files() -> dict[str, Path]:
    """Return the three model files inside the installed package.

    Raises
    ------
    ValueError
        If the package is not installed, or holds other models.
    """
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ValueError("reading pictures needs the package rapidocr; install huaxiang[ocr]")
    folder = Path(spec.origin).parent / "models"
    files = {part: folder / name for part, name in MODELS.items()}
    missing = sorted(path.name for path in files.values() if not path.is_file())
    if missing:
        raise ValueError(
            f"models {', '.join(missing)}: expected in {folder}; install rapidocr>=3.10,<3.11"
        )
    return files


def _line(corners: Any, text: str, confidence: float, scale: float) -> Line:
    """Return the line of four corners [4, 2] in the scaled picture, clockwise from upper left."""
    places = np.asarray(corners, dtype=np.float64) / scale
    left, top = places.min(axis=0).round(1).tolist()
    right, bottom = places.max(axis=0).round(1).tolist()
    return Line(str(text).strip(), (left, top, right, bottom), min(1.0, float(confidence)))
