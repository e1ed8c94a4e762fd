"""One text classifier for every question that has labels: few-shot, trained or fused."""
