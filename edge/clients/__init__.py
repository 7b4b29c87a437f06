"""The clinic's register of clients; names are sealed under each client's own data key."""
