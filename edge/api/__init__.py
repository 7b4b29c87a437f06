"""The box's HTTP and WebSocket surface for kiosk and tablet.

Start at `ports.py` for what it needs from the application, then `app.py` for how it is put together.
"""
