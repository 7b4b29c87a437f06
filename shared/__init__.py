"""What both sides must agree on: vocabulary, events, wire protocol, policy, cryptography, imaging.

Imports nothing else of ours. Start at `shared.events` for the log and `shared.sync` for how it travels.
"""
