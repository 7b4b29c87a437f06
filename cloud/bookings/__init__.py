"""Booking requests to the clinics: written to the hub's own log, answered by the clinic's box."""
