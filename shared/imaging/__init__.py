"""Photographs as arrays: bounded decoding of untrusted bytes, and letterboxing for networks.

Start at `decode.decode_image`; every image beyond it is an `image.RgbImage`.
"""
