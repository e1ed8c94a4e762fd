"""``python -m training.retrain``: what a scheduler calls so that the champion keeps up.

Watches whether the champion has become worse than the version before it and then goes back to
that; fits the champion's configuration, and challengers, on the newest data; lets the gate of
``training.promote`` decide. Every call is kept as an MLflow run with its verdict.
"""

from __future__ import annotations

import sys
from typing import NoReturn

from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.verb import verb


@verb("retrain")
def main(config: DictConfig) -> None:
    """Retrain; exit code 1 if the data or a model failed, 2 if a setting is wrong."""
    prepare()
    from training.registry import NoChampionError  # noqa: PLC0415  (MLflow is slow to import)
    from training.retraining.call import retrain  # noqa: PLC0415
    from training.retraining.settings import Settings  # noqa: PLC0415
    from training.tracking.store import TrackingStore  # noqa: PLC0415

    try:
        settings = Settings.of(OmegaConf.to_container(config, resolve=True))
        store = TrackingStore(config.tracking.folder, config.tracking.uri)
        ended = retrain(store, settings)
    except (ValueError, NoChampionError) as error:
        _stop(error)
    sys.stdout.write(f"{ended.words}\nkept as run {ended.run_id}\n")
    sys.exit(ended.code)


def _stop(error: Exception) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
