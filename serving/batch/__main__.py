"""``python -m serving.batch``: write recommendations of many customers to Parquet."""

from __future__ import annotations

import logging
import sys

from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb


@verb("batch")
def main(config: DictConfig) -> None:
    """Check the settings, write the file and say where it is."""
    from pydantic import ValidationError

    from serving.batch.run import BatchSettings, run
    from serving.batch.writer import BatchRunningError
    from serving.errors import ServingError

    given = OmegaConf.to_container(config, resolve=True)
    try:
        manifest = run(BatchSettings.model_validate(given))
    except ValidationError as error:
        sys.exit("serving.batch: " + reason(error, "\n"))
    except (ServingError, BatchRunningError) as error:
        sys.exit(f"serving.batch: {error}")
    logging.getLogger("serving.batch").info(
        "%s rows for %s customers in %s s: %s",
        manifest["rows"],
        manifest["customers"],
        manifest["seconds_score"],
        manifest["file"],
    )


if __name__ == "__main__":
    prepare()
    main()
