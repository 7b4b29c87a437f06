"""The models: networks written here, their data readers, training, evaluation and export.

Start at `models/recipes` for what is trained and at `models/cards` for what came out of it.
"""
