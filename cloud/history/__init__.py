"""Hands a restored box its own events back.

Start at `service.py`; `lineage.py` finds which of them continue what the box still has.
"""
