"""What both sides agree on when a client is deleted: who may decide, and the receipt that proves it.

Start at `rules.py` (who may decide) and `receipt.py` (what is signed, and how anybody checks it).
"""
