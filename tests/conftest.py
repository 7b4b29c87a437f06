"""What holds for every test: machines are noisy, so no property is judged by the time it takes."""

from hypothesis import settings

settings.register_profile("noisy machine", deadline=None)
settings.load_profile("noisy machine")
