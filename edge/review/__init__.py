"""Professional review of analyses: corrections, signature, labelled examples, agreement, and shadow mode.

Start at `rules.py` for what a correction means, `reviews.py` for how one is recorded, `shadow_worker.py` for how
a candidate runs beside the live models and `shadow.py` for how the two are compared.
"""
