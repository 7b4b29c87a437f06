"""Takes what the boxes send: opens, judges, applies in one transaction, then acknowledges.

Start at `intake.py` (the transaction); `effects.py` says what an event means here; `service.py` runs it all.
"""
