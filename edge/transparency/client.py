"""Asks the hub for heads and proofs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import grpc

from edge.sync.hub_channel import HubChannel
from shared.audit.heads import Resumption, Signed, TreeHead
from shared.audit.keychain import KeyChange
from shared.audit.witness import HubRewrote, Included, Seen, Shown
from shared.errors import Retryable
from shared.ids import TenantId
from shared.wire import transparency_pb2 as wire
from shared.wire import transparency_pb2_grpc as rpc

_DEADLINE_SECONDS: Final = 20.0
_CANNOT_PROVE: Final = frozenset({grpc.StatusCode.DATA_LOSS, grpc.StatusCode.OUT_OF_RANGE})


class HubSilent(Retryable):
    """The hub does not answer, or does not know this service."""


class HubLogClient:
    """The box's end of `Transparency`; it connects for each call, so that a renewed certificate is used at once."""

    def __init__(self, channel: HubChannel, tenant: TenantId) -> None:
        self._channel = channel
        self._tenant = tenant

    def shown(self) -> Shown:
        """Return the hub's present head and its resumptions, nothing of it checked.

        Raises:
            HubSilent: no answer.
        """
        with self._stub() as stub:
            answer = stub.Head(wire.HeadQuery(), timeout=_DEADLINE_SECONDS)
        return Shown(
            self._head(answer.head),
            tuple(self._resumption(item) for item in answer.resumptions),
            tuple(
                KeyChange(item.before, item.after, item.at_milliseconds, item.signature) for item in answer.key_changes
            ),
            tuple(self._report(item) for item in answer.reports),
        )

    def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree of `new` leaves begins with that of `old`.

        Raises:
            HubRewrote: the hub cannot prove it.
            HubSilent: no answer.
        """
        with self._stub() as stub:
            answer = stub.Consistency(wire.ConsistencyQuery(old=old, new=new), timeout=_DEADLINE_SECONDS)
        return list(answer.hashes)

    def inclusion(self, size: int, epoch: str, seqs: Sequence[int]) -> list[Included]:
        """Return what the hub says about some of this box's events, in the order asked.

        Raises:
            HubRewrote: it does not have one of them, or cannot prove it.
            HubSilent: no answer.
        """
        query = wire.InclusionQuery(size=size, epoch=epoch, seqs=seqs)
        with self._stub() as stub:
            answer = stub.Inclusion(query, timeout=_DEADLINE_SECONDS)
        by_seq = {item.seq: item for item in answer.events if item.stored}
        for seq in seqs:
            if seq not in by_seq:
                raise HubRewrote("event_missing", f"the hub has lost event {seq}, which it had acknowledged")
        found = [by_seq[seq] for seq in seqs]
        return [Included(item.seq, item.number, item.hash.hex(), tuple(item.path)) for item in found]

    @contextmanager
    def _stub(self) -> Iterator[rpc.TransparencyStub]:
        with _refusals(), self._channel.open() as channel:
            yield rpc.TransparencyStub(channel)

    def _head(self, head: wire.SignedHead) -> Signed:
        statement = TreeHead(self._tenant, head.epoch, head.size, head.root.hex(), head.at_milliseconds)
        return Signed(statement, head.key, head.signature)

    def _resumption(self, item: wire.SignedResumption) -> Signed:
        statement = Resumption(self._tenant, item.epoch, item.before, item.size, item.root.hex(), item.at_milliseconds)
        return Signed(statement, item.key, item.signature)

    def _report(self, item: wire.HeadReport) -> Seen:
        head = TreeHead(self._tenant, item.epoch, item.size, item.root.hex(), item.at_milliseconds)
        return Seen(item.device, item.key_id, head)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        status = error.code()
        if status in _CANNOT_PROVE:
            raise HubRewrote("hub_cannot_prove", "the hub's log is damaged: it cannot prove its own heads") from None
        raise HubSilent("hub_silent", f"the hub gives no proofs now ({status.name})") from None
