"""Ways in which people garble text, by accident or to get past a filter, each as a function.

Every attack is ``(text, rate, seed) -> text``: pure, equal for equal arguments, and the text itself
at rate 0. See :mod:`features.text.attacks.registry` for all of them, and
:mod:`features.text.attacks.restore` for what undoes some.
"""
