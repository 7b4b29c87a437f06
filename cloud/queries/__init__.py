"""Answers the portal's questions from the hub's database; each answer is about one tenant.

`ports.py` implements `cloud.portal.ports`; `rows.py` holds the statements.
"""
