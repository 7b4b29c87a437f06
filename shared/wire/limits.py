"""What both ends of a gRPC connection must agree on."""

from typing import Final

MAX_RPC_BYTES: Final = 5 * 1024 * 1024
PING_SECONDS: Final = 20
# Blobs asked for in one WhereMany.
MAX_QUERIES: Final = 500
# At 64 kbit/s one chunk takes 8 s, well within a call's deadline.
DOWNLOAD_CHUNK_BYTES: Final = 64 * 1024
BUNDLE_CHUNK_BYTES: Final = 256 * 1024
# Parts that one version of a box's backup may name; they fit one message.
MAX_BACKUP_PARTS: Final = 30_000
