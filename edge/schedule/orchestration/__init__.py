"""What has to happen around each visit of a day: who does what by when, and what follows when it does not.

Start with `templates.py` (what a service asks for); `tasks.py` derives a day's tasks, `triggers.py` what to propose.
"""
