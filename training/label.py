"""``python -m training.label``: propose what to label, or say how much people and model agree."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import hydra
from omegaconf import DictConfig, OmegaConf

from ingest.runtime import prepare
from ingest.verb import verb

if TYPE_CHECKING:
    from features.text.taxonomy.taxonomy import Taxonomy
    from ingest.workspace import Workspace


@verb("label")
def main(config: DictConfig) -> None:
    """Write a file of proposals, or print the agreement; exit code 2 if there is nothing to do."""
    prepare()
    from ingest.workspace import Workspace  # noqa: PLC0415

    try:
        taxonomy = hydra.utils.instantiate(config.taxonomy, _convert_="all")
        workspace = Workspace.named(config.workspace, config.data_dir)
        if config.agreement:
            _agreement(config, workspace, taxonomy)
        else:
            _propose(config, workspace, taxonomy)
    except (ValueError, OSError, hydra.errors.InstantiationException) as error:
        _stop(error.__cause__ or error)


def _propose(config: DictConfig, workspace: Workspace, taxonomy: Taxonomy) -> None:
    from features.text.taxonomy.chosen import classifier_for  # noqa: PLC0415
    from ingest.store import Store  # noqa: PLC0415
    from training.classify.answers import Remembered  # noqa: PLC0415
    from training.labeling.propose import propose  # noqa: PLC0415
    from training.labeling.sheet import write_sheet  # noqa: PLC0415

    settings = hydra.utils.instantiate(OmegaConf.to_container(config, resolve=True)["proposals"])  # type: ignore[index, call-overload]
    folder = workspace.features / "text"
    texts = folder / "texts.parquet"
    if not texts.is_file():
        raise ValueError(
            f"workspace {workspace.name!r}: expected analyzed texts in {texts}, received none; "
            f"run python -m features workspace={workspace.name}"
        )
    chosen = classifier_for(taxonomy, folder, Remembered(workspace))
    rows = Store(workspace.store).read("labels")
    found = propose(texts, rows, chosen, settings, str(config.annotator))
    out = Path(config.out)
    write_sheet(out, found)
    _say(f"{found.num_rows:,} texts to label for {taxonomy.name} ({chosen.tier} tier): {out}")
    _say(f"fill in the column label, then: python -m ingest source=labels path={out} "
         f"workspace={workspace.name}")  # fmt: skip


def _agreement(config: DictConfig, workspace: Workspace, taxonomy: Taxonomy) -> None:
    from ingest.store import Store  # noqa: PLC0415
    from training.labeling.agreement import agreement  # noqa: PLC0415
    from training.labeling.fitted import answered  # noqa: PLC0415
    from training.labeling.model_agreement import model_agreement  # noqa: PLC0415
    from training.tracking.store import TrackingStore  # noqa: PLC0415

    rows = Store(workspace.store).read("labels")
    _say(agreement(rows, taxonomy.name).words)
    store = TrackingStore(config.tracking.folder, config.tracking.uri)
    model = answered(workspace, taxonomy, store)
    if model is None:
        _say(
            f"{taxonomy.name}: no answers of a model to compare with; run python -m features "
            f"workspace={workspace.name} 'text.taxonomies=[{taxonomy.name}]'"
        )
        return
    found = model_agreement(rows, taxonomy.name, model.labels, model.texts, model.fitted)
    _say(found.words)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _stop(error: BaseException) -> NoReturn:
    sys.stderr.write(f"error: {error}\n")
    sys.exit(2)


if __name__ == "__main__":
    main()
