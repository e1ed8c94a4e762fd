"""Process settings that must be in place before numerical frameworks are imported.

Every entry point calls :func:`prepare` first. Values a user has set are left alone.
"""

from __future__ import annotations

import os
import warnings

_DEFAULTS = {
    "DO_NOT_TRACK": "1",
    "FEAST_USAGE": "False",
    "GIT_PYTHON_REFRESH": "quiet",
    "HF_HUB_OFFLINE": "1",
    "KERAS_BACKEND": "tensorflow",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OPENBLAS_NUM_THREADS": "1",  # implicit's ALS is about four times slower with a threaded BLAS
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_ENABLE_ONEDNN_OPTS": "0",
}


_FOREIGN = ("feast", "ibis", "mlflow")


def prepare() -> None:
    """Set quiet, offline and single-threaded-BLAS defaults for this process and its children.

    Deprecations inside other people's libraries are theirs to mend and are not shown; ours are.
    """
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    for library in _FOREIGN:
        for category in (DeprecationWarning, FutureWarning):
            warnings.filterwarnings("ignore", category=category, module=rf"{library}\.")
