"""``python -m training.tune``: search for the settings of models, each with the same budget.

Settings are judged on windows that end before the test window begins. What wins is written for
``python -m training model=NAME tuned=true``, which looks at the test window once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ingest.runtime import prepare
from ingest.verb import verb

_MODEL = "model="
_OWN = ("models=", "trials=", "seconds=", "windows=", "processes=", "seed=", "+search.")


def gathered(arguments: Sequence[str]) -> list[str]:
    """Put ``model=A,B``, which Hydra would take for a sweep, into ``models=[A,B] model=A``."""
    asked = [text.removeprefix(_MODEL) for text in arguments if text.startswith(_MODEL)]
    models = [name for text in asked for name in text.split(",") if name]
    if not models:
        return list(arguments)
    others = [text for text in arguments if not text.startswith(_MODEL)]
    return [*others, f"models=[{','.join(models)}]", f"{_MODEL}{models[0]}"]


@verb("tune")
def main(config: DictConfig) -> None:
    """Tune every model; exit code 1 if the data or a model failed, 2 if a setting is wrong."""
    prepare()
    given = [t for t in HydraConfig.get().overrides.task if not t.startswith(_MODEL)]
    models = dict.fromkeys(config.models or [str(HydraConfig.get().runtime.choices["model"])])
    configs = {name: _composed(name, given) for name in models}
    from training.tuning.verb import tune  # noqa: PLC0415  (pandas and MLflow are slow to import)

    tune(configs, [text for text in given if not text.startswith(_OWN)])


def _composed(model: str, given: Sequence[str]) -> DictConfig:
    """Return the configuration for one of the models, with what was given for all."""
    return hydra.compose("tune", [*given, f"{_MODEL}{model}"])


def call() -> None:
    """Take the arguments of the command, in which ``model=`` may name several."""
    sys.argv[1:] = gathered(sys.argv[1:])
    main()


if __name__ == "__main__":
    call()
