from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra
import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from omegaconf import OmegaConf
from pydantic import ValidationError

from features.text.base import Analyzer
from features.text.embedding.embed import Embedder
from features.text.language import language_of
from features.text.taxonomy.classify import FewShotClassifier, outside
from features.text.taxonomy.taxonomy import FOLDER, Taxonomy, load_taxonomy, named_taxonomy

FILES = sorted(FOLDER.glob("*.yaml"))
PACKS = ("ecommerce", "finance", "smart_home", "education", "health")


def label(code: str, **changes: Any) -> dict[str, Any]:
    examples = {language: [f"{code} {language} {n}" for n in range(3)] for language in ("zh", "en")}
    return {"label": code, "title": {"zh": code, "en": code}, "description": code,
            "examples": examples} | changes  # fmt: skip


def taxonomy(*labels: dict[str, Any], **changes: Any) -> Taxonomy:
    given = {"name": "things", "title": {"zh": "物", "en": "Things"}, "owner": "me",
             "labels": labels or (label("fruit"), label("tool"))}  # fmt: skip
    return Taxonomy(**given | changes)


def axes(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors by construction: fruit along one axis, tools along another, the rest elsewhere."""
    places = [0 if "fruit" in text else 1 if "tool" in text else 2 for text in texts]
    return np.eye(3, dtype=np.float32)[places]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_yaml_is_a_taxonomy(file: Path) -> None:
    made = hydra.utils.instantiate(OmegaConf.load(file), _convert_="all")
    assert isinstance(made, Taxonomy)
    assert made == load_taxonomy(file) == named_taxonomy(file.stem)
    assert made.name == file.stem
    for part in made.labels:
        assert set(part.title) == set(part.examples) == {"zh", "en"}
        assert len(part.examples["zh"]) == len(part.examples["en"]) >= 5
        assert all(language_of(text) == "zh" for text in part.examples["zh"])
        assert all(language_of(text) == "en" for text in part.examples["en"])


def test_the_codes_that_others_rely_on() -> None:
    assert named_taxonomy("customer_needs").codes == (
        "product_feature", "service_quality", "user_experience", "pricing", "other",
    )  # fmt: skip
    titles = [part.title["zh"] for part in named_taxonomy("service_categories").labels]
    assert titles == ["售后服务", "产品咨询", "投诉建议"]
    assert set(PACKS) <= {file.stem for file in FILES}


def test_owners() -> None:
    own = taxonomy(label("fruit", owner="cook"), label("tool"))
    assert [own.owner_of(code) for code in ("fruit", "tool", "unknown")] == ["cook", "me", "me"]


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([label("a"), label("a")], "label given more than once: a"),
        ([label("a"), label("b", examples=label("a")["examples"])], "example given more than once"),
        ([label("a", parent="c"), label("b")], "parent 'c' of 'a' is no label"),
        ([label("a", parent="b"), label("b", parent="a")], "ancestor of itself"),
        ([label("a")], "at least 2"),
        ([label("a"), label("B")], "pattern"),
        ([label("a"), label("b", color="red")], "Extra inputs"),
        ([label("a"), label("b", examples={"zh": ["x"]})], "at least 3"),
    ],
)
def test_what_is_no_taxonomy(labels: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        taxonomy(*labels)


def test_parents_may_stand_above_each_other() -> None:
    made = taxonomy(label("a"), label("b", parent="a"), label("c", parent="b"))
    assert [part.parent for part in made.labels] == [None, "a", "b"]


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there are: customer_needs, ecommerce"):
        named_taxonomy("no_such")
    file = tmp_path / "odd.yaml"
    with pytest.raises(ValueError, match="there are: none"):
        load_taxonomy(file)
    file.write_text("- a list", encoding="utf-8")
    with pytest.raises(ValueError, match="expected keys and values, got list"):
        load_taxonomy(file)
    file.write_text(yaml.safe_dump({"name": "x"}), encoding="utf-8")
    with pytest.raises(ValueError, match=r"(?s)odd.yaml.*labels"):
        load_taxonomy(file)


def test_each_text_gets_the_nearest_label_or_unknown() -> None:
    classifier = FewShotClassifier(taxonomy=taxonomy(), vectors=axes)
    assert isinstance(classifier, Analyzer)
    rows = classifier.analyze(["a fruit", "my tool", "the sky"])
    assert rows.schema == classifier.schema
    assert rows["things"].to_pylist() == ["fruit", "tool", "unknown"]
    assert rows["things_confidence"].to_pylist() == pytest.approx([1, 1, 0])
    assert classifier.analyze([]).num_rows == 0


def test_quality_is_perfect_where_labels_are_axes() -> None:
    quality = FewShotClassifier(taxonomy=taxonomy(), vectors=axes).quality
    assert (quality.macro_f1, quality.accuracy) == (1, 1)
    assert (quality.kept, quality.kept_right, quality.outside_recall) == (1, 1, 1)
    assert 0 < quality.threshold < 1
    assert (quality.examples, quality.outside) == (12, len(outside()) // 2)


def test_translations_are_held_out_together() -> None:
    """Each pair is alone on its axis: with one half left in, the other would be found."""

    def pairwise(texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([np.eye(11, dtype=np.float32)[_place(text)] for text in texts])

    def _place(text: str) -> int:
        code, _, number = [*text.split(), "", "9"][:3]
        known = {"fruit": 0, "tool": 3}
        return known[code] + int(number) if code in known and number in "012" else 10

    assert FewShotClassifier(taxonomy=taxonomy(), vectors=pairwise).quality.accuracy <= 0.5


def test_unknown_may_be_one_of_the_labels_and_the_threshold_can_be_set() -> None:
    own = taxonomy(unknown="tool")
    assert FewShotClassifier(taxonomy=own, vectors=axes).analyze(["sky"])["things"][0].as_py() == (
        "tool"
    )
    strict = FewShotClassifier(taxonomy=taxonomy(), vectors=axes, threshold=1.1)
    assert strict.analyze(["a fruit"])["things"][0].as_py() == "unknown"
    assert strict.version != FewShotClassifier(taxonomy=taxonomy(), vectors=axes).version


@pytest.mark.parametrize(("name", "floor"), [("service_categories", 0.85), ("finance", 0.75)])
def test_held_out_quality_with_the_real_vectors(
    name: str, floor: float, embedder: Embedder
) -> None:
    classifier = FewShotClassifier(taxonomy=named_taxonomy(name), vectors=embedder.vectors)
    assert classifier.report()["macro_f1"] >= floor
    assert classifier.report()["outside_recall"] >= 0.6


def test_examples_of_the_real_thing(embedder: Embedder) -> None:
    classifier = FewShotClassifier(
        taxonomy=named_taxonomy("service_intents"), vectors=embedder.vectors
    )
    texts = ["包裹怎么还没到啊", "give me my money back", "月亮上有兔子吗"]
    found = classifier.analyze(texts)["service_intents"].to_pylist()
    assert found == ["order_status", "refund_request", "unknown"]
