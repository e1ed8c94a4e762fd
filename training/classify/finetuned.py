"""The tier that trains a transformer: what it learns, and the labels that tell it when to stop."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

import numpy as np

from features.text.classifier.examples import Labeled
from features.text.classifier.load import Classifier
from features.text.taxonomy.classify import outside
from features.text.transformer.weights import READING, require, weights_folder
from training.classify.corpus import Corpus
from training.classify.settings import ClassifierSettings

_log = logging.getLogger(__name__)
_LEAST = 10  # texts that can say when to stop and how sure to be
_NOTHING = Labeled((), ())


def check_installed(settings: ClassifierSettings) -> None:
    """Check that everything the tier needs is there, before any work starts.

    Raises
    ------
    features.text.transformer.weights.MissingPackagesError
        If packages are missing, with the command that installs them.
    FileNotFoundError
        If the encoder to start from is not where the settings say.
    """
    if settings.finetune is not None:
        require([*READING, "pytorch_lightning"])
        weights_folder(settings.finetune.weights)


def fit_finetuned_tier(
    teach: Corpus, settings: ClassifierSettings, folder: Path | None = None
) -> Classifier:
    """Fine-tune on the texts that teach and on the examples of their taxonomy.

    Parameters
    ----------
    teach : Corpus
        A share of its texts is not learned: it decides when to stop, the calibration and, beside
        sentences that belong nowhere, the threshold.
    settings : ClassifierSettings
        With those of fine-tuning.
    folder : Path, optional
        Keeps checkpoints, so that the same call goes on where a killed one was.

    Raises
    ------
    ValueError
        If the settings say nothing of fine-tuning.
    """
    from training.text.finetune import fit_finetuned  # noqa: PLC0415 (loads torch)
    from training.text.progress import Progress  # noqa: PLC0415 (loads Lightning)

    tuning = settings.finetune
    if tuning is None:
        raise ValueError("classifier: tier finetuned needs settings of finetune, got none")
    examples = teach.examples or _NOTHING
    learned, validation = set_apart(
        teach.known, examples, share=tuning.held_out, seed=settings.seed
    )
    if validation is None:
        tuning = tuning.model_copy(update={"held_out": 0.0})
        _log.warning(
            "%s: %d texts are too few to set %d apart: the classifier is not calibrated and never "
            "says unknown", teach.name, len(teach.known), _LEAST,
        )  # fmt: skip
    return fit_finetuned(
        learned + examples,
        settings=tuning,
        validation=validation,
        seed=settings.seed,
        outside=(*outside(), *teach.outside),
        folder=folder,
        callbacks=(Progress(),),
    )


def set_apart(
    known: Labeled, examples: Labeled, *, share: float, seed: int
) -> tuple[Labeled, Labeled | None]:
    """Return the texts to learn, and a share of them that is not, if that is ten texts or more.

    No label loses the last text that it is learned from; examples are never set apart, since a
    translation of each is learned.

    Parameters
    ----------
    known, examples : Labeled
        Texts of people; sentences of a taxonomy.
    share : float
        Of ``known``.
    seed : int
        Decides which.
    """
    left = Counter(known.labels) + Counter(examples.labels)
    wanted, apart = round(share * len(known)), list[int]()
    for row in np.random.default_rng(seed).permutation(len(known)).tolist():
        label = known.labels[row]
        if len(apart) < wanted and left[label] > 1:
            apart.append(row)
            left[label] -= 1
    if len(apart) < _LEAST:
        return known, None
    return known.take(sorted(set(range(len(known))) - set(apart))), known.take(apart)
