"""What both ends of a gRPC connection must agree on."""

from typing import Final

MAX_RPC_BYTES: Final = 5 * 1024 * 1024
PING_SECONDS: Final = 20
# Metadata key of the proof of who calls.
CALLER_PROOF: Final = "medspa-pass"
