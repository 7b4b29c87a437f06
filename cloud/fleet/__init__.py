"""Who belongs to a tenant: invitations, enrolment, keys, fencing and revoking.

Start at `enrolment.py`.
"""
