"""Files the box needs but the distribution does not carry, fetched once at set-up and checked by hash.

`python -m edge.assets` fetches; `face_models.find_face_models` is what runs later, offline.
"""
