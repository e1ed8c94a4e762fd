"""One batch run: the champion's recommendations for many customers, with a manifest beside them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from ingest.store import Store
from ingest.workspace import Workspace
from serving.batch.writer import Plan, alone, finish, started_at, write_parts
from serving.errors import BadRequestError
from serving.profiles import LazyFeatures
from serving.ranked import Options
from serving.reasons import Language
from serving.recommend import MAX_K, Engine
from serving.state import State
from serving.tracking import Tracking
from training.models.context import Context


class BatchSettings(BaseModel):
    """What a batch run writes; ``conf/batch.yaml`` names each setting.

    Parameters
    ----------
    workspace : str
        Workspace whose champion recommends.
    data_dir : Path
        Folder of the workspaces.
    state : State
        Where application state is kept.
    tracking : Tracking
        Where the champion is registered.
    k : int
        Items a customer.
    customers : Path, optional
        Text file with one customer id a line; every known customer when not given.
    exclude_seen : bool, optional
        Leave out items a customer already acted on; as the model's task has it when not given.
    category : str, optional
        Only items below this category.
    lang : Language
        Language of the reasons.
    part_size : int
        Customers scored and saved at a time.
    at : datetime, optional
        Time at which items have to be available; the run's start when not given.
    channel, hour, weekday : str or int, optional
        Situation the recommendations are for: a channel of the events, hour and weekday of UTC
        (0 is Monday), for models that tell contexts apart; not known when not given.
    output : Path, optional
        File to write.
    progress : bool
        Whether to show a progress bar.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    workspace: str = "demo"
    data_dir: Path = Path("data")
    state: State = State()
    tracking: Tracking = Tracking()
    k: PositiveInt = Field(default=20, le=MAX_K)
    customers: Path | None = None
    exclude_seen: bool | None = None
    category: str | None = None
    lang: Language = Language.EN
    part_size: PositiveInt = 2000
    at: datetime | None = None
    channel: str | None = None
    hour: int | None = Field(default=None, ge=0, le=23)
    weekday: int | None = Field(default=None, ge=0, le=6)
    output: Path | None = None
    progress: bool = True

    @property
    def folders(self) -> Workspace:
        """The workspace's folders."""
        return Workspace.named(self.workspace, self.data_dir, self.state.url)

    @property
    def options(self) -> Options:
        """Rules, situation and language of every list."""
        context = Context(channel=self.channel, told_hour=self.hour, told_weekday=self.weekday)
        told = None if context == Context() else context
        return Options(self.exclude_seen, self.category, self.lang, told)

    @property
    def target(self) -> Path:
        """The file to write."""
        return self.output or self.folders.recommendations / "recommendations.parquet"


Load = Callable[[BatchSettings, LazyFeatures], Engine]


def load_engine(settings: BatchSettings, features: LazyFeatures) -> Engine:
    """Load the champion of the workspace and everything an answer needs."""
    from serving.champion import open_champion  # noqa: PLC0415  (imports the model's framework)

    registered = settings.tracking.registry(settings.workspace)
    return open_champion(settings.folders, features=features, registered=registered)


def run(settings: BatchSettings, load: Load = load_engine) -> Mapping[str, object]:
    """Write the recommendations and return the manifest.

    Parameters
    ----------
    settings : BatchSettings
        What to write.
    load : callable, optional
        Makes the engine; loads the workspace's champion when not given.

    Raises
    ------
    BadRequestError
        If the list of customers is missing or empty, or the category is unknown.
    NoChampionError
        If no model was promoted.
    BatchRunningError
        If another run is writing the same file.
    """
    began = perf_counter()
    engine, plan = _prepared(settings, load)
    options = settings.options
    engine.rank(plan.customers[:1], settings.k, options)  # wrong options fail before work starts
    loaded = perf_counter()
    with alone(settings.target):
        engine.at = settings.at or started_at(plan, settings.target)
        written = write_parts(
            plan,
            lambda part: engine.recommend(part, settings.k, options),
            settings.target,
            progress=settings.progress,
        )
        manifest = {
            "file": str(settings.target),
            "customers": len(plan.customers),
            "fallback_customers": _fallback_customers(settings.target),
            **asdict(written),
            **plan.identity,
            "available_at": engine.at,
            "newer_events": len(engine.overlay),
            "seconds_load": round(loaded - began, 3),
            "seconds_score": round(perf_counter() - loaded, 3),
            "plan": plan.digest,
            "created_at": datetime.now(UTC),
        }
        finish(settings.target, manifest)
    return manifest


def _prepared(settings: BatchSettings, load: Load) -> tuple[Engine, Plan]:
    """Load everything and decide what to write."""
    store = Store(settings.folders.store)
    listed = None if settings.customers is None else read_ids(settings.customers)
    features = LazyFeatures(settings.folders)
    engine = load(settings, features)
    features.open_if_there()
    versions = store.versions()
    engine.overlay.refresh(store, engine.facts.trained_until)
    customers = tuple(listed or everybody(engine, store))
    return engine, Plan(customers, settings.part_size, _identity(settings, engine, versions))


def _fallback_customers(file: Path) -> int:
    """Count the customers for whom popularity stood in for the model throughout."""
    first = (pc.field("rank") == 1) & (pc.field("origin") == "fallback")
    return int(pq.read_table(file, columns=["rank"], filters=first).num_rows)


def read_ids(file: Path) -> list[str]:
    """Return the customer ids of a text file, one a line; blank lines and repeats are left out.

    Raises
    ------
    BadRequestError
        If the file is missing or holds no id.
    """
    expected = "a text file with one customer id a line"
    if not file.is_file():
        raise BadRequestError(f"customers={file}: there is no such file.", expected=expected)
    lines = (line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines())
    ids = list(dict.fromkeys(line for line in lines if line))
    if not ids:
        raise BadRequestError(f"customers={file}: the file holds no id.", expected=expected)
    return ids


def everybody(engine: Engine, store: Store) -> list[str]:
    """Return every customer the model or the canonical tables know, in order."""
    stored = store.read("customers", ["customer_id"])["customer_id"].to_pylist()
    return sorted({*engine.model.customers.ids, *stored})


def _identity(
    settings: BatchSettings, engine: Engine, versions: Mapping[str, int]
) -> dict[str, object]:
    """Return everything that decides the result, besides the customers."""
    facts = engine.facts
    return {
        "workspace": settings.workspace,
        "k": settings.k,
        "exclude_seen": settings.exclude_seen,
        "category": settings.category,
        "lang": settings.lang.value,
        "at": settings.at,
        **{name: getattr(settings, name) for name in ("channel", "hour", "weekday")},
        "model": {
            "name": facts.name,
            "version": facts.version,
            "trained_until": facts.trained_until,
        },
        "data_versions": dict(versions),
        "features": _fingerprint(settings.folders),
    }


def _fingerprint(workspace: Workspace) -> str | None:
    """Return a hash of names, sizes and times of the feature files; None without features."""
    files = sorted((workspace.features / "views").glob("*.parquet"))
    if not files:
        return None
    seen = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
