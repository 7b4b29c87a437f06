"""What has changed between visits, and which captures look alike.

Start at `comparison.VisitComparer`; `registration.py`, `matching.py` and `change.py` are its pure rules,
`similar.py` searches by appearance.
"""
