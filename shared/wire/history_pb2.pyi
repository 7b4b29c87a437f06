from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class HistoryQuery(_message.Message):
    __slots__ = ("epoch", "after_seq", "hash")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    after_seq: int
    hash: str
    def __init__(self, epoch: _Optional[str] = ..., after_seq: _Optional[int] = ..., hash: _Optional[str] = ...) -> None: ...

class HistoryBatch(_message.Message):
    __slots__ = ("epoch", "first_seq", "bodies")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    FIRST_SEQ_FIELD_NUMBER: _ClassVar[int]
    BODIES_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    first_seq: int
    bodies: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, epoch: _Optional[str] = ..., first_seq: _Optional[int] = ..., bodies: _Optional[_Iterable[bytes]] = ...) -> None: ...
