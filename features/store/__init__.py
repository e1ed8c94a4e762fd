"""The Feast side: views over feature files, apply, materialize, push, one reader for all."""
