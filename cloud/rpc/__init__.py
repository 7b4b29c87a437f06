"""The hub's gRPC side: one server for every service, and one way to tell who calls and to refuse.

Start at `server.py`; a service is a servicer that asks `callers.py` who it is talking to.
"""
