"""Drawn training pictures: lesions rendered on permissive faces, with exact boxes and masks.

Start at `render.render`, which draws on one face; `python -m models.synthesis` fills a folder and
`folder.read_rendered` reads it back. `augment` varies crops, `distractors` draws what is no lesion.
"""
