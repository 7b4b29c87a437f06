"""Authenticated encryption, key derivation and device signatures; thin, over `cryptography`."""
