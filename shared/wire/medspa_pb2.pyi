from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SealedMessage(_message.Message):
    __slots__ = ("version", "tenant", "device", "sealed")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    TENANT_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    version: int
    tenant: str
    device: str
    sealed: bytes
    def __init__(self, version: _Optional[int] = ..., tenant: _Optional[str] = ..., device: _Optional[str] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("hello", "events", "ack", "now", "hand_back", "resend", "resent")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    NOW_FIELD_NUMBER: _ClassVar[int]
    HAND_BACK_FIELD_NUMBER: _ClassVar[int]
    RESEND_FIELD_NUMBER: _ClassVar[int]
    RESENT_FIELD_NUMBER: _ClassVar[int]
    hello: Hello
    events: EventBatch
    ack: Ack
    now: Now
    hand_back: HandBack
    resend: Resend
    resent: EventBatch
    def __init__(self, hello: _Optional[_Union[Hello, _Mapping]] = ..., events: _Optional[_Union[EventBatch, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ..., now: _Optional[_Union[Now, _Mapping]] = ..., hand_back: _Optional[_Union[HandBack, _Mapping]] = ..., resend: _Optional[_Union[Resend, _Mapping]] = ..., resent: _Optional[_Union[EventBatch, _Mapping]] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("epoch", "seq", "hash")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    seq: int
    hash: str
    def __init__(self, epoch: _Optional[str] = ..., seq: _Optional[int] = ..., hash: _Optional[str] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("session", "head", "applied", "software", "hub_epoch", "known", "fences")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    HUB_EPOCH_FIELD_NUMBER: _ClassVar[int]
    KNOWN_FIELD_NUMBER: _ClassVar[int]
    FENCES_FIELD_NUMBER: _ClassVar[int]
    session: str
    head: Position
    applied: Position
    software: str
    hub_epoch: str
    known: _containers.RepeatedCompositeFieldContainer[Position]
    fences: int
    def __init__(self, session: _Optional[str] = ..., head: _Optional[_Union[Position, _Mapping]] = ..., applied: _Optional[_Union[Position, _Mapping]] = ..., software: _Optional[str] = ..., hub_epoch: _Optional[str] = ..., known: _Optional[_Iterable[_Union[Position, _Mapping]]] = ..., fences: _Optional[int] = ...) -> None: ...

class EventBatch(_message.Message):
    __slots__ = ("session", "epoch", "first_seq", "bodies", "fences")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    FENCES_FIELD_NUMBER: _ClassVar[int]
    session: str
    epoch: str
    first_seq: int
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    fences: int
    def __init__(self, session: _Optional[str] = ..., epoch: _Optional[str] = ..., first_seq: _Optional[int] = ..., bodies: _Optional[_Iterable[bytes]] = ..., fences: _Optional[int] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("session", "applied", "fenced", "reason", "duplicates", "hub_epoch", "gap", "fences")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    APPLIED_FIELD_NUMBER: _ClassVar[int]
    FENCED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DUPLICATES_FIELD_NUMBER: _ClassVar[int]
    HUB_EPOCH_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    FENCES_FIELD_NUMBER: _ClassVar[int]
    session: str
    applied: Position
    fenced: bool
    reason: str
    duplicates: int
    hub_epoch: str
    gap: bool
    fences: int
    def __init__(self, session: _Optional[str] = ..., applied: _Optional[_Union[Position, _Mapping]] = ..., fenced: _Optional[bool] = ..., reason: _Optional[str] = ..., duplicates: _Optional[int] = ..., hub_epoch: _Optional[str] = ..., gap: _Optional[bool] = ..., fences: _Optional[int] = ...) -> None: ...

class HandBack(_message.Message):
    __slots__ = ("epoch", "first_seq", "bodies")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    first_seq: int
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, epoch: _Optional[str] = ..., first_seq: _Optional[int] = ..., bodies: _Optional[_Iterable[bytes]] = ...) -> None: ...

class Now(_message.Message):
    __slots__ = ("session", "json")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    session: str
    json: bytes
    def __init__(self, session: _Optional[str] = ..., json: _Optional[bytes] = ...) -> None: ...

class Resend(_message.Message):
    __slots__ = ("epoch", "first_seq", "count")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    first_seq: int
    count: int
    def __init__(self, epoch: _Optional[str] = ..., first_seq: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class BlobQuery(_message.Message):
    __slots__ = ("name", "size", "offset")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    name: str
    size: int
    offset: int
    def __init__(self, name: _Optional[str] = ..., size: _Optional[int] = ..., offset: _Optional[int] = ...) -> None: ...

class BlobQueries(_message.Message):
    __slots__ = ("queries",)
    QUERIES_FIELD_NUMBER: _ClassVar[int]
    queries: _containers.RepeatedCompositeFieldContainer[BlobQuery]
    def __init__(self, queries: _Optional[_Iterable[_Union[BlobQuery, _Mapping]]] = ...) -> None: ...

class BlobStates(_message.Message):
    __slots__ = ("states", "hub_epoch")
    STATES_FIELD_NUMBER: _ClassVar[int]
    HUB_EPOCH_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedCompositeFieldContainer[BlobState]
    hub_epoch: str
    def __init__(self, states: _Optional[_Iterable[_Union[BlobState, _Mapping]]] = ..., hub_epoch: _Optional[str] = ...) -> None: ...

class BlobChunk(_message.Message):
    __slots__ = ("name", "size", "offset", "data", "sha256")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    name: str
    size: int
    offset: int
    data: bytes
    sha256: str
    def __init__(self, name: _Optional[str] = ..., size: _Optional[int] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ..., sha256: _Optional[str] = ...) -> None: ...

class BlobState(_message.Message):
    __slots__ = ("offset", "durable", "hub_epoch", "refused")
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DURABLE_FIELD_NUMBER: _ClassVar[int]
    HUB_EPOCH_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    offset: int
    durable: bool
    hub_epoch: str
    refused: bool
    def __init__(self, offset: _Optional[int] = ..., durable: _Optional[bool] = ..., hub_epoch: _Optional[str] = ..., refused: _Optional[bool] = ...) -> None: ...
