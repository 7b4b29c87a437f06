"""How both sides serve pages: one error body, security headers, host and origin checks, built pages.

Start at `errors.py` and `guard.py`; `pages.py` serves a built front end.
"""
