"""Clearances: what licensed professionals confirm about clients before a service may be given; start with `desk`."""
