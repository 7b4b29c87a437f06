"""Boxes, hub and network in one process on a virtual clock, with every fault a seed can choose.

The machines are the product's own parts (`box.py`, `hub.py`), only their threads and sockets are replaced: `world.py`
calls their steps. `happenings.py` lists what can happen (`work.py`, `trouble.py`, `disks.py`), `seeds.py` lets chance
choose and `machine.py` hypothesis, `healing.py` ends every fault, `invariants.py` judges, and `mutants.py` plants the
defects that must be caught.
`python -m tests.faults.sim --help` runs many seeds, or one.
"""
