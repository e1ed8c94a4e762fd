"""``python -m training.compare``: whether one run is better than another, beyond chance.

The paired difference of every metric over the same customers, with its 95 % bootstrap interval,
printed and kept in MLflow. Several runs are compared with the first; runs over several cutoffs are
paired over all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from omegaconf import DictConfig

from ingest.runtime import prepare
from ingest.verb import verb

_RUN = "run="


def gathered(arguments: Sequence[str]) -> list[str]:
    """Join ``run=A run=B``, which Hydra would read as the last one, into ``run=['A','B']``."""
    runs = [argument.removeprefix(_RUN) for argument in arguments if argument.startswith(_RUN)]
    others = [argument for argument in arguments if not argument.startswith(_RUN)]
    if not runs or (len(runs) == 1 and runs[0].startswith("[")):
        return list(arguments)
    return [*others, f"{_RUN}[{','.join(repr(run) for run in runs)}]"]


@verb("compare")
def main(config: DictConfig) -> None:
    """Compare the first run with each other; exit code 2 if they cannot be compared."""
    prepare()
    from training.comparison import (  # noqa: PLC0415  (MLflow is slow to import)
        ComparisonError,
        compare,
        read_runs,
    )
    from training.tracking.compared import log_comparison  # noqa: PLC0415
    from training.tracking.store import TrackingStore  # noqa: PLC0415

    try:
        store = TrackingStore(config.tracking.folder, config.tracking.uri)
        first, *others = read_runs(store, [str(run) for run in config.run])
        rules = {name: config[name] for name in ("metric", "seed", "resamples")}
        found = [compare(first, other, **rules) for other in others]
    except (ComparisonError, ValueError) as error:
        _stop(error)
    for each in found:
        sys.stdout.write(f"{each.text}\n")
        if config.log:
            sys.stdout.write(f"kept as run {log_comparison(store, each)}\n")


def _stop(error: Exception) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(2)


def call() -> None:
    """Take the arguments of the command, in which ``run=`` may occur several times."""
    sys.argv[1:] = gathered(sys.argv[1:])
    main()


if __name__ == "__main__":
    call()
