"""What a client allowed, by purpose. `rules.py` decides, `desk.py` records, `texts.py` holds the words shown."""
