"""Text classifiers that are trained with a transformer: settings, encoder, data, fit."""
