"""Released bundles: a shelf of signed archives, served to boxes over gRPC and filled by a command.

Start at `shelf.py`; `service.py` serves it.
"""
