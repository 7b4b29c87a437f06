"""The hub's database: SQLite by default, PostgreSQL by one setting, the same tables on both.

Start at `database.py`; every other module holds one repository made for one tenant.
"""
