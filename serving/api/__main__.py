"""``python -m serving.api``: serve the workspace's champion over HTTP."""

from __future__ import annotations

import sys

from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.told import reason
from ingest.verb import verb


@verb("api")
def main(config: DictConfig) -> None:
    """Check the settings, then listen until the process is asked to stop."""
    import uvicorn

    from serving.api.app import create_app
    from serving.api.settings import ApiSettings

    try:
        settings = ApiSettings.model_validate(OmegaConf.to_container(config, resolve=True))
        app = create_app(settings)
    except ValueError as error:
        sys.exit("serving.api: " + reason(error, "\n"))
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        workers=1,
        access_log=False,
        proxy_headers=False,
        log_config=None,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )


if __name__ == "__main__":
    prepare()
    main()
