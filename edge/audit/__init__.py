"""The audit: every look, refusal and change as an event, before it takes effect.

Start at `trail.py`.
"""
