"""Text classifiers as experiments: fitted on labels, judged on others, promoted if better."""
