"""The clinic's own computer: it captures, analyses, schedules and keeps the record with no internet."""
