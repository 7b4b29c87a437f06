"""Takes the boxes' sealed images over gRPC: resumable, verified by hash, durable before it says so.

Start at `service.py`; `store.py` is the folder on disk.
"""
