"""Fitting what a bundle's parameters hold, on validation photographs only; numpy and scipy, no torch.

Start at `fit` (`python -m models.calibration.fit`). Applying the fitted numbers is in `shared/vision`.
"""
