"""Changes of the clinic's registry while the box runs: what differs, whom it would hurt, and the way back.

Start with `book.py`, which holds the registry that counts; `editor.py` is what changes it.
"""
