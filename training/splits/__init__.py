"""Ways to divide interactions into what a model may learn from and what it is asked about."""

from training.splits.base import Split, Splitter, read_availability
from training.splits.fixed_fold import FixedFold
from training.splits.global_temporal import GlobalTemporal
from training.splits.leave_last_out import LeaveLastOut

__all__ = [
    "FixedFold",
    "GlobalTemporal",
    "LeaveLastOut",
    "Split",
    "Splitter",
    "read_availability",
]
