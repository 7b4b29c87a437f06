"""Public flexible job shops as days of the planning engine: instances, checker, adapter, and who solves them."""
