"""The search engine of plans: visits on resources in time cells, compiled, with a readable reference.

`problem.py` says what is asked, `compiled.py` answers by the core in `edge/schedule/core`, `reference.py` is the same
algorithm in plain Python, `search.py` runs one search on each core. Nothing here knows a clinic: `encode.py`
translates.
"""
