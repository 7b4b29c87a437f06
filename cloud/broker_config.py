"""The files of a Mosquitto that serves the fleet: configuration, rules, certificate, revoked certificates.

Two listeners: the boxes' takes the client id from the certificate, so that no box can end another's session; the
hub's lets several hub processes connect under one name. Both ask for a certificate of the fleet and hold a box to
its own topics.
"""

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from cloud.broker_gate import HUB
from cloud.fleet.ca import HubAuthority
from shared.durable import make_folder, write_durably
from shared.ids import TenantId
from shared.wire.topics import DOWN, PRESENCE, ROOT, UP

CONFIG_FILE: Final = "mosquitto.conf"
_PID_FILE: Final = "mosquitto.pid"
# The broker runs as another user, in the folder's group.
_FOR_THE_GROUP: Final = 0o640


class BrokerFiles:
    """Writes the files, and has a running Mosquitto read them again."""

    def __init__(
        self,
        folder: Path,
        authority: HubAuthority,
        revoked: Callable[[], Mapping[TenantId, Mapping[int, datetime]]],
        evict: Callable[[str], None],
    ) -> None:
        """Keep the collaborators.

        Args:
            folder: where Mosquitto finds its files.
            authority: signs certificate and lists.
            revoked: returns the revoked serials by tenant.
            evict: closes a member's connection at the broker.
        """
        self._folder = folder
        self._authority = authority
        self._revoked = revoked
        self._evict = evict

    def write_all(self, boxes: tuple[str, int], hub: tuple[str, int]) -> Path:
        """Write everything and return the configuration's path.

        Args:
            boxes: host and port at which boxes connect.
            hub: host and port at which the hub connects.
        """
        make_folder(self._folder)
        self._write("acl", _rules())
        self._write(CONFIG_FILE, _configuration(self._folder.resolve(), boxes, hub))
        self.renew()
        return self._folder / CONFIG_FILE

    def renew(self) -> None:
        """Write everything that changes with the hub's certificate and its roots."""
        shown = self._authority.hub()
        make_folder(self._folder)
        self._write("roots.pem", shown.trust.decode())
        # One file: a broker that reads just now must not find a key that is not the certificate's.
        self._write("hub.pem", (shown.chain + shown.key).decode())
        self.refresh()

    def refresh(self) -> None:
        """Write the lists of revoked certificates."""
        make_folder(self._folder)
        self._write("revoked.pem", self._authority.revocation_lists(self._revoked()).decode())
        self._read_again()

    def disconnect(self, member: str) -> None:
        """Close a member's connection; the list of revoked certificates keeps it out."""
        self._evict(member)

    def _write(self, name: str, text: str) -> None:
        write_durably(self._folder / name, text.encode(), mode=_FOR_THE_GROUP)

    def _read_again(self) -> None:
        """Tell Mosquitto; where it belongs to another user, its unit watches the folder and does that."""
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((self._folder / _PID_FILE).read_text()), signal.SIGHUP)


def _rules() -> str:
    return f"""user {HUB}
topic readwrite {ROOT}/#

pattern write {ROOT}/%u/{UP}
pattern write {ROOT}/%u/{PRESENCE}
pattern read {ROOT}/%u/{DOWN}
"""


def _configuration(folder: Path, boxes: tuple[str, int], hub: tuple[str, int]) -> str:
    return f"""# Written by `medspa hub broker-config`. Every payload is sealed before it gets here.
per_listener_settings false
allow_anonymous false
acl_file {folder}/acl
pid_file {folder}/{_PID_FILE}
persistence false
max_inflight_messages 32
max_queued_messages 10000
set_tcp_nodelay true
message_size_limit 1048576
max_keepalive 600

{_listener(folder, boxes, takes_client_id=True)}
{_listener(folder, hub, takes_client_id=False)}"""


def _listener(folder: Path, address: tuple[str, int], *, takes_client_id: bool) -> str:
    host, port = address
    return f"""listener {port} {host}
tls_version tlsv1.3
cafile {folder}/roots.pem
certfile {folder}/hub.pem
keyfile {folder}/hub.pem
crlfile {folder}/revoked.pem
require_certificate true
use_identity_as_username true
use_username_as_clientid {"true" if takes_client_id else "false"}
"""
