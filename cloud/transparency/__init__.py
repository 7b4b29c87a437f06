"""Keeps the hub honest: signs heads of its tree, sends them to the boxes and proves inclusion and growth.

Start at `keeper.py`; `service.py` answers boxes, the tree itself is in `cloud/storage/tree.py`.
"""
