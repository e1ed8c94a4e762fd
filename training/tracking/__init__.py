"""Where experiments are kept: MLflow runs with equal names, plots, tables and bundles."""
