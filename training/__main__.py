"""``python -m training``: fit a model, judge it, and keep everything in MLflow."""

from __future__ import annotations

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ingest.runtime import prepare
from ingest.verb import verb


@verb("training")
def main(config: DictConfig) -> float:
    """Do one experiment and return its main metric, for sweeps and searches."""
    prepare()
    from training.verb import train

    chosen, given = HydraConfig.get().runtime.choices, HydraConfig.get().overrides.task
    return train(config, _name(), str(chosen.get("model")), given)


def _name() -> str:
    """Return what tells this run from others: its model, what is left out, what was set."""
    chosen = HydraConfig.get().runtime.choices
    own = ("model.", "rerank.", "tuned=")
    given = [text for text in HydraConfig.get().overrides.task if text.startswith(own)]
    parts = [
        chosen.get("model"),
        chosen.get("ablation"),
        None if chosen.get("rerank") == "none" else chosen.get("rerank"),
        *(t.removeprefix("model.") for t in given),
    ]
    return " ".join(str(part) for part in parts if part)


if __name__ == "__main__":
    main()
