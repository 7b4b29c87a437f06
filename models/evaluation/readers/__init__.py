"""Comparing people's readings of photographs with and without the model's findings in view.

`reading_file` reads what a clinic supplies, `study` measures it, `page` draws it; start at `study`.
"""
