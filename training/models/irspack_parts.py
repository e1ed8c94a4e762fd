"""The parts of ``irspack`` that models here are built on, imported without its warnings.

Its configuration classes use an outdated form of pydantic, which says so on import; none of them
is used here, only the computations (C++), which it declares in stubs of their own.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from irspack.recommenders._ials_core import (
        IALSModelConfigBuilder,
        IALSSolverConfigBuilder,
        IALSTrainer,
        LossType,
        SolverType,
    )
    from irspack.utils._util_cpp import slim_weight_allow_negative, slim_weight_positive_only

__all__ = [
    "IALSModelConfigBuilder",
    "IALSSolverConfigBuilder",
    "IALSTrainer",
    "LossType",
    "SolverType",
    "slim_weight_allow_negative",
    "slim_weight_positive_only",
]
