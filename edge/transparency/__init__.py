"""Watches the hub's log for the clinic: heads, growth and this box's own events, so that no history is rewritten.

Start at `watch.py`; the rules are in `shared/audit/witness.py`.
"""
