"""The code MLflow stores beside a bundle ("models from code"): nothing is pickled."""

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from training.bundle import Bundle


class ServedBundle(PythonModel):
    """A bundle as an MLflow model: customer ids in, ranked items out."""

    def load_context(self, context: Any) -> None:
        """Read the bundle that was logged as the artifact ``bundle``."""
        self.bundle = Bundle.load(context.artifacts["bundle"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """Rank ``k`` items (parameter, 20) for each ``customer_id`` of the input frame."""
        del context
        k = int((params or {}).get("k", 20))
        return self.bundle.model.recommend(
            model_input["customer_id"].astype(str).tolist(),
            k,
            exclude_seen=self.bundle.exclude_seen,
        )


set_model(ServedBundle())
