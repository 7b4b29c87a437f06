"""The portal: what owners, managers and compliance officers see of all their clinics.

Start at `ports.py` for what it needs from the hub, then `api.py` for the routes.
"""
