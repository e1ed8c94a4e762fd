"""The code MLflow stores beside a text classifier ("models from code"): nothing is pickled."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from features.text.classifier.load import load_classifier
from features.text.embedding.embed import embed


class ServedClassifier(PythonModel):
    """A classifier as an MLflow model: texts in, labels and confidence out."""

    def load_context(self, context: Any) -> None:
        """Read the classifier that was logged as the artifact ``classifier``."""
        folder = Path(context.artifacts["classifier"])
        self.classifier = load_classifier(folder, vectors=embed)

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Return ``label`` and ``confidence`` for each ``text`` of the input frame."""
        del context, params
        found = self.classifier.predict(model_input["text"].astype(str).tolist())
        return pd.DataFrame(found.to_pydict())


set_model(ServedClassifier())
