"""Proofs that a log only ever grows: an RFC 9162 tree over event hashes, and heads of it that its keeper signs.

Pure, like `shared.events`. Start at `merkle.py`; `heads.py` holds what is signed, `witness.py` how a box judges it.
"""
