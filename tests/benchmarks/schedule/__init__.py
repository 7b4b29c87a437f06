"""The schedule's benchmark: instances, methods to compare, and the table."""
