"""The gRPC service `Transparency`: heads and proofs, for the calling device's own tenant and events only."""

from collections.abc import Mapping
from typing import Any, Final

import grpc

from cloud.rpc.callers import Caller, Callers
from cloud.rpc.refusals import abort
from cloud.storage.database import Database
from cloud.storage.tree import TreeLog
from cloud.transparency.keeper import LogKeeper
from cloud.transparency.reports import reports_of_others
from shared.audit.heads import Resumption, Signed, TreeHead
from shared.audit.keychain import KeyChange
from shared.audit.merkle import consistency_proof, inclusion_proof
from shared.audit.witness import Seen
from shared.errors import MedSpaError, Rejected
from shared.wire import transparency_pb2 as wire
from shared.wire import transparency_pb2_grpc as rpc

MAX_EVENTS: Final = 256


class NoSuchTree(Rejected):
    """The tree never had the size asked for."""


_STATUSES: Final[Mapping[type[MedSpaError], grpc.StatusCode]] = {NoSuchTree: grpc.StatusCode.OUT_OF_RANGE}


class TransparencyService(rpc.TransparencyServicer):
    """Answers `Head`, `Consistency` and `Inclusion`."""

    def __init__(self, database: Database, callers: Callers, keeper: LogKeeper) -> None:
        self._database = database
        self._callers = callers
        self._keeper = keeper

    def Head(self, request: wire.HeadQuery, context: Any) -> wire.HeadAnswer:  # noqa: ARG002, N802 - by the protocol
        """Return the present head, signed now."""
        try:
            caller = self._callers.identify(context)
            with self._database.read(caller.tenant) as connection:  # first, so that the head holds what they speak of
                reports = reports_of_others(connection, caller.tenant, caller.device)
            head, resumptions = self._keeper.shown(caller.tenant)
            return wire.HeadAnswer(
                head=head_to_wire(head),
                resumptions=[resumption_to_wire(item) for item in resumptions],
                key_changes=[_change_to_wire(item) for item in self._keeper.key_changes()],
                reports=[_report_to_wire(item) for item in reports],
            )
        except (MedSpaError, OSError) as error:
            abort(context, error, _STATUSES)

    def Consistency(self, request: wire.ConsistencyQuery, context: Any) -> wire.ConsistencyAnswer:  # noqa: N802
        """Prove that the tree only grew."""
        try:
            caller = self._callers.identify(context)
            with self._database.read(caller.tenant) as connection:
                tree = TreeLog(connection, caller.tenant)
                if not 0 < request.old <= request.new <= tree.state().edge.size:
                    raise NoSuchTree("no_such_tree", "the tree has not been of that size")
                hashes = consistency_proof(request.old, request.new, tree.node)
            return wire.ConsistencyAnswer(hashes=hashes)
        except (MedSpaError, OSError) as error:
            abort(context, error, _STATUSES)

    def Inclusion(self, request: wire.InclusionQuery, context: Any) -> wire.InclusionAnswer:  # noqa: N802
        """Prove that the caller's own events are in the tree."""
        try:
            caller = self._callers.identify(context)
            if len(request.seqs) > MAX_EVENTS:
                raise Rejected("too_many_events", f"ask for {MAX_EVENTS} events at most")
            with self._database.read(caller.tenant) as connection:
                tree = TreeLog(connection, caller.tenant)
                if request.size > tree.state().edge.size:
                    raise NoSuchTree("no_such_tree", "the tree has not been of that size")
                return wire.InclusionAnswer(
                    events=[_inclusion(tree, caller, request.epoch, seq, request.size) for seq in request.seqs]
                )
        except (MedSpaError, OSError) as error:
            abort(context, error, _STATUSES)


def _inclusion(tree: TreeLog, caller: Caller, epoch: str, seq: int, size: int) -> wire.Inclusion:
    leaf = tree.leaf_of(caller.device, epoch, seq)
    if leaf is None or leaf.number >= size:
        return wire.Inclusion(seq=seq, stored=False)
    path = inclusion_proof(leaf.number, size, tree.node)
    return wire.Inclusion(seq=seq, stored=True, number=leaf.number, hash=bytes.fromhex(leaf.stored_hash), path=path)


def head_to_wire(signed: Signed) -> wire.SignedHead:
    """Return a signed head as it travels."""
    head = signed.statement
    if not isinstance(head, TreeHead):
        raise TypeError("a resumption is no head")
    return wire.SignedHead(
        epoch=head.epoch,
        size=head.size,
        root=bytes.fromhex(head.root),
        at_milliseconds=head.at,
        key=signed.key,
        signature=signed.signature,
    )


def resumption_to_wire(signed: Signed) -> wire.SignedResumption:
    """Return a signed resumption as it travels."""
    resumption = signed.statement
    if not isinstance(resumption, Resumption):
        raise TypeError("a head is no resumption")
    return wire.SignedResumption(
        epoch=resumption.epoch,
        before=resumption.before,
        size=resumption.size,
        root=bytes.fromhex(resumption.root),
        at_milliseconds=resumption.at,
        key=signed.key,
        signature=signed.signature,
    )


def _change_to_wire(change: KeyChange) -> wire.LogKeyChange:
    return wire.LogKeyChange(
        before=change.before, after=change.after, at_milliseconds=change.at, signature=change.signature
    )


def _report_to_wire(seen: Seen) -> wire.HeadReport:
    head = seen.head
    return wire.HeadReport(
        device=seen.device,
        key_id=seen.key_id,
        epoch=head.epoch,
        size=head.size,
        root=bytes.fromhex(head.root),
        at_milliseconds=head.at,
    )
