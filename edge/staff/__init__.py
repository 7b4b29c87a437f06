"""Who works at this box: roles, PINs, sessions, lockout and break-glass, all verified without a network.

Start at `sign_in.py`; `rules.py` and `permissions.py` are pure, `register.py` keeps the staff in the log.
"""
