"""Text classifiers as experiments: fitted on labels, judged on held-out ones, promoted if better."""
