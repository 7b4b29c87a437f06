"""What a released set of vision models is, and how its fitted numbers are applied; pure numpy.

Start at `bundle.read_bundle`. Fitting these numbers is in `models/calibration`.
"""
