"""Recommenders: one file a model, all behind :class:`training.models.base.Recommender`."""
