"""The code MLflow stores beside a bundle ("models from code"): nothing is pickled."""

from __future__ import annotations

from typing import Any

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel

from training.bundle import Bundle


class ServedBundle(PythonModel):
    """A bundle as an MLflow model: customer ids in, ranked items out."""

    def load_context(self, context: Any) -> None:
        """Read the bundle that was logged as the artifact ``bundle``."""
        self.bundle = Bundle.load(context.artifacts["bundle"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        """Rank ``k`` items (parameter, 20) for each ``customer_id`` of the input frame.

        Without type hints: MLflow would take them for the schema of the input.
        """
        del context
        k = int((params or {}).get("k", 20))
        return self.bundle.model.recommend(
            model_input["customer_id"].astype(str).tolist(),
            k,
            exclude_seen=self.bundle.exclude_seen,
        )


set_model(ServedBundle())
