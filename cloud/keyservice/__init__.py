"""The tenant's key service: client keys in escrow, apart from the hub's database and its backups.

Start at `escrow.py` (deposit, recover, destroy); `deposits.py` is its file, `service.py` what boxes call.
"""
