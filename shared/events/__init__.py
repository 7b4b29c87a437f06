"""The event: its envelope, its payloads, the hash chain and the hybrid clock. No I/O.

Start at `envelope.py` for what an event is and `payload.py` for what one may say.
"""
