"""What staff must not say: every message a case, judged by people, counted by rule."""
