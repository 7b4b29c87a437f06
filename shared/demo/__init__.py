"""The demonstration: real processes, real photographs, a network that is really cut, and an independent check.

Drives hub and box from outside only: by their commands, their HTTP and files. Start at `story.py`.
"""
