"""The clinic's day: who treats whom, where, with what; replanned within seconds, with a reason per move.

Start at `registry.py` (what the clinic has), `domain.py` (what a plan is) and `schedule.py` (the aggregate
that turns commands into events and events into the plan). `checker.py` judges every plan independently.
"""
