"""Transformers over what a customer did, in order: model, histories, batches, layers, losses."""
