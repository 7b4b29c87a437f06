"""Deleting a client at the hub: what events mean for it, what is destroyed, and the signed receipt.

Start at `effects.py` (what an event of a box makes due) and `eraser.py` (what is destroyed, in which order).
"""
