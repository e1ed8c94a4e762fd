"""The fusion ranker: what several models propose, put in order by everything that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, validate_call
from scipy.sparse import csr_matrix

from training.ids import FloatArray, IntArray
from training.interactions import Interactions
from training.models.base import Recommender
from training.models.question import Question
from training.models.ranking.booster import Booster, Objective, fit_booster
from training.models.ranking.learning import Examples, examples_of, joined
from training.models.ranking.named import below, under
from training.models.ranking.scorer import Scorer
from training.models.ranking.situation import Habits
from training.models.ranking.stage import Stage
from training.models.ranking.windows import Window, fresh, windows_of
from training.models.ranking.world import World
from training.topk import TopK

if TYPE_CHECKING:
    from features.store.reader import FeatureReader

Group = Literal[
    "similar", "popularity", "behavior", "sentiment", "topic", "profile", "demographics",
    "promotions", "catalog", "context", "features",
]  # fmt: skip


class Ranker(Recommender):
    """Order the candidates of several first-stage models with gradient-boosted trees.

    The trees learn from windows before the end of the data: first-stage models are fitted on what
    came before a window, their candidates are labeled by what was chosen inside it. The scores the
    trees see in training are therefore as fresh as those they see later. At the end the
    first-stage models are fitted on everything.

    A customer with neither history nor number cannot be scored, an item that is no candidate
    neither.

    Parameters
    ----------
    sources : dict of str to Recommender
        First-stage models by name.
    task : {"discover", "again"}
        Whether candidates leave out what the customer had.
    candidates : int
        Items each source may propose to a customer.
    windows, window_days : int
        How many training windows, and how long each is.
    objective : {"binary", "lambdarank"}
        What the trees minimize.
    trees, leaves, learning_rate
        Size of the trees.
    negatives : float
        Share of the candidates nobody chose that is kept in training.
    without : list of str
        Feature groups left out (ablation); ``features`` leaves the first stage's scores and ranks.
    shuffle_profiles : bool
        Give each customer another's profile: a gain that survives this is no gain from profiles.
    context : bool
        Tell requests apart by hour, weekday and channel, where they say them: see
        :mod:`~training.models.ranking.situation`.
    seed : int
        Of the trees, of what is kept, of the shuffle, and of situations.

    Raises
    ------
    ValueError
        From ``fit``, if no window holds anything to learn from.
    """

    reads_features = True

    @validate_call(config={"arbitrary_types_allowed": True})
    def __init__(
        self,
        *,
        sources: Mapping[str, Recommender],
        task: Literal["discover", "again"] = "discover",
        candidates: PositiveInt = 60,
        windows: PositiveInt = 3,
        window_days: PositiveInt = 30,
        objective: Objective = "binary",
        trees: PositiveInt = 120,
        leaves: Annotated[int, Field(ge=2)] = 31,
        learning_rate: PositiveFloat = 0.08,
        negatives: Annotated[float, Field(gt=0, le=1)] = 0.25,
        without: Sequence[Group] = (),
        shuffle_profiles: bool = False,
        context: bool = False,
        seed: NonNegativeInt = 0,
    ) -> None:
        if not sources:
            raise ValueError("ranker.sources: expected at least one first-stage model")
        self.sources = {name: sources[name] for name in sorted(sources)}
        self.task = task
        self.candidates = candidates
        self.windows = windows
        self.window_days = window_days
        self.objective = objective
        self.trees = trees
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.negatives = negatives
        self.without = list(without)
        self.shuffle_profiles = shuffle_profiles
        self.context = context
        self.seed = seed

    @property
    def booster(self) -> Booster:
        """The fitted trees, with the importance of each column."""
        return self._scorer.booster

    @property
    def promoted(self) -> NDArray[np.bool_] | None:
        """Which items were promoted lately, bool [n_items]; None where that is not known."""
        known = self._scorer.stage.world.promotions
        return None if known is None else known.lately

    def _top(self, asked: Question) -> tuple[TopK, NDArray[np.bool_]]:
        """Order only the pairs that are candidates, few out of many, by the profiles of the fit."""
        best = self._scorer.top(
            asked.numbers,
            asked.histories,
            asked.k,
            exclude_seen=asked.exclude_seen,
            columns=asked.columns,
            context=asked.context,
        )
        return best, np.zeros(best.items.shape, dtype=bool)

    def grounds(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> dict[str, FloatArray]:
        """Split the score of each candidate among ``items`` [n, m] by group of features."""
        matrix, known = self.examined(numbers, histories, items)
        parts = self.booster.contributions(matrix[known])
        parts["base"] = np.full(int(known.sum()), self.booster.paths.base, dtype=np.float32)
        found = {name: np.full(items.shape, np.nan, dtype=np.float32) for name in parts}
        for name, values in parts.items():
            found[name][known] = values
        return found

    def examined(
        self, numbers: IntArray, histories: csr_matrix, items: IntArray
    ) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return what the trees see of ``items`` [n, m], and which of them are candidates.

        Float32 [n, m, columns] in the order of ``booster.columns``, NaN for no candidate.
        """
        return self._scorer.examined(numbers, histories, items)

    def chances(self, scores: FloatArray) -> FloatArray | None:
        """Return the chance that a candidate is chosen within ``window_days``.

        Only of ``objective="binary"``: scores are log-odds then, of examples among which each that
        nobody chose was kept with probability ``negatives`` (King and Zeng 2001, equation 7).
        """
        if self.objective != "binary":
            return None
        odds = np.exp(scores.astype(np.float64)) * self.negatives
        return (odds / (1 + odds)).astype(np.float32)

    def diagnostics(self) -> dict[str, float]:
        """Return how much was learned from and how many candidates could be hit."""
        return dict(self._measured)

    def _fit(
        self, matrix: csr_matrix, interactions: Interactions, features: FeatureReader | None
    ) -> None:
        self._shuffle = None
        if self.shuffle_profiles:
            order = np.random.default_rng(self.seed).permutation(len(interactions.customers))
            self._shuffle = order.astype(np.int32)
        windows = windows_of(interactions, self.windows, self.window_days)
        learned = joined([self._examples(w, features, n) for n, w in enumerate(windows)])
        if not learned.labels.any():
            raise ValueError(
                f"ranker: none of the last {self.windows} windows of {self.window_days} days "
                "holds a choice among the candidates; use longer windows or more data"
            )
        self._measured = {
            "windows": float(len(windows)),
            "examples": float(len(learned)),
            "positives": float(learned.labels.sum()),
            "features": float(learned.matrix.shape[1]),
        }
        booster = fit_booster(
            learned,
            objective=self.objective,
            trees=self.trees,
            leaves=self.leaves,
            learning_rate=self.learning_rate,
            seed=self.seed,
        )
        stage = self._stage_at(interactions, matrix, self.sources, features)
        self._scorer = Scorer(stage, booster)

    def _stage_at(
        self,
        interactions: Interactions,
        matrix: csr_matrix,
        sources: Mapping[str, Recommender],
        features: FeatureReader | None,
    ) -> Stage:
        """Fit ``sources`` and read what is known as of the end of ``interactions``."""
        for source in sources.values():
            source.fit_matrix(matrix, interactions, features)
        habits = Habits.of(interactions) if self.context else None
        world = World.of(interactions, matrix, features, self.without)
        return self._stage_of(world, sources, habits)

    def _stage_of(
        self, world: World, sources: Mapping[str, Recommender], habits: Habits | None
    ) -> Stage:
        return Stage(
            sources=sources,
            size=self.candidates,
            world=world,
            seen_out=self.task == "discover",
            without=self.without,
            shuffle=self._shuffle,
            habits=habits,
        )

    def _examples(self, window: Window, features: FeatureReader | None, place: int) -> Examples:
        matrix = window.past.csr()
        stage = self._stage_at(window.past, matrix, fresh(self.sources), features)
        return examples_of(stage, window, matrix, negatives=self.negatives, seed=(self.seed, place))

    def _score(
        self, numbers: IntArray, histories: csr_matrix, features: FeatureReader | None
    ) -> FloatArray:
        del features
        return self._scorer.dense(numbers, histories)

    def _arrays(self) -> Mapping[str, NDArray[Any]]:
        stage, booster = self._scorer.stage, self._scorer.booster
        described = {"owners": booster.owners, "measured": self._measured}
        more = {} if self._shuffle is None else {"shuffle": self._shuffle}
        more |= {} if stage.habits is None else under("habits/", stage.habits.arrays())
        trees = {
            "trees": booster.to_bytes(),
            "described": np.frombuffer(orjson.dumps(described), dtype=np.uint8),
        }
        return {**stage.world.arrays(), **trees, **more}

    def _restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        described = orjson.loads(arrays["described"].tobytes())
        self._measured = described["measured"]
        self._shuffle = arrays.get("shuffle")
        booster = Booster.from_bytes(arrays["trees"], described["owners"])
        habits = Habits.restore(below(arrays, "habits/")) if self.context else None
        stage = self._stage_of(World.restore(self.histories, arrays), self.sources, habits)
        self._scorer = Scorer(stage, booster)
