"""What a planned day becomes when clients are late, miss it or take longer: many seeded draws, pure and vectorised.

Start at `run.py`: `simulate(registry, plan)`. `behaviour.py` holds the figures with their sources, `randomness.py` the
random numbers of each visit, `order.py` whose turn it is, `outcome.py` what comes out.
"""
