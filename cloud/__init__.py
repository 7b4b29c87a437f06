"""The hub of a chain of clinics: it collects events and images, shows them, and sends requests down.

Start at `main.py`, which wires everything; `ingest/` is the heart.
"""
