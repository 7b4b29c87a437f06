"""Changes of the clinic's registry while the box runs: what differs, whom it would hurt, and the way back.

Start with `book.py`, which holds the registry of each day; `editor.py` is what changes it, now or from a date on, and
`revisions.py` how changes stand on each other.
"""
