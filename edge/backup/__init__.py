"""The box's backup and what brings a box back: sealed copies in a folder, restore, checks for damage.

Start at `job.py` (writes a backup) and `restore.py` (makes a record out of one); `daily.py` runs both checks and
backups on a running box.
"""
