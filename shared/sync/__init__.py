"""How one log follows another: pure protocol, no I/O, used alike for box → hub and hub → box.

`sender.py` decides what to send next; `receiver.py` decides what an arriving batch means.
"""
