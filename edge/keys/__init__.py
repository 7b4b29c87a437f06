"""The box's keys: root, database, audit and transport keys, and one data key per client."""
