from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class HeadQuery(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class SignedHead(_message.Message):
    __slots__ = ("epoch", "size", "root", "at_milliseconds", "key", "signature")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    AT_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    size: int
    root: bytes
    at_milliseconds: int
    key: bytes
    signature: bytes
    def __init__(self, epoch: _Optional[str] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ..., at_milliseconds: _Optional[int] = ..., key: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class SignedResumption(_message.Message):
    __slots__ = ("epoch", "before", "size", "root", "at_milliseconds", "key", "signature")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    AT_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    epoch: str
    before: str
    size: int
    root: bytes
    at_milliseconds: int
    key: bytes
    signature: bytes
    def __init__(self, epoch: _Optional[str] = ..., before: _Optional[str] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ..., at_milliseconds: _Optional[int] = ..., key: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class HeadAnswer(_message.Message):
    __slots__ = ("head", "resumptions", "key_changes", "reports")
    HEAD_FIELD_NUMBER: _ClassVar[int]
    RESUMPTIONS_FIELD_NUMBER: _ClassVar[int]
    KEY_CHANGES_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    head: SignedHead
    resumptions: _containers.RepeatedCompositeFieldContainer[SignedResumption]
    key_changes: _containers.RepeatedCompositeFieldContainer[LogKeyChange]
    reports: _containers.RepeatedCompositeFieldContainer[HeadReport]
    def __init__(self, head: _Optional[_Union[SignedHead, _Mapping]] = ..., resumptions: _Optional[_Iterable[_Union[SignedResumption, _Mapping]]] = ..., key_changes: _Optional[_Iterable[_Union[LogKeyChange, _Mapping]]] = ..., reports: _Optional[_Iterable[_Union[HeadReport, _Mapping]]] = ...) -> None: ...

class LogKeyChange(_message.Message):
    __slots__ = ("before", "after", "at_milliseconds", "signature")
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    AT_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    before: bytes
    after: bytes
    at_milliseconds: int
    signature: bytes
    def __init__(self, before: _Optional[bytes] = ..., after: _Optional[bytes] = ..., at_milliseconds: _Optional[int] = ..., signature: _Optional[bytes] = ...) -> None: ...

class HeadReport(_message.Message):
    __slots__ = ("device", "key_id", "epoch", "size", "root", "at_milliseconds")
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ROOT_FIELD_NUMBER: _ClassVar[int]
    AT_MILLISECONDS_FIELD_NUMBER: _ClassVar[int]
    device: str
    key_id: str
    epoch: str
    size: int
    root: bytes
    at_milliseconds: int
    def __init__(self, device: _Optional[str] = ..., key_id: _Optional[str] = ..., epoch: _Optional[str] = ..., size: _Optional[int] = ..., root: _Optional[bytes] = ..., at_milliseconds: _Optional[int] = ...) -> None: ...

class ConsistencyQuery(_message.Message):
    __slots__ = ("old", "new")
    OLD_FIELD_NUMBER: _ClassVar[int]
    NEW_FIELD_NUMBER: _ClassVar[int]
    old: int
    new: int
    def __init__(self, old: _Optional[int] = ..., new: _Optional[int] = ...) -> None: ...

class ConsistencyAnswer(_message.Message):
    __slots__ = ("hashes",)
    HASHES_FIELD_NUMBER: _ClassVar[int]
    hashes: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, hashes: _Optional[_Iterable[bytes]] = ...) -> None: ...

class InclusionQuery(_message.Message):
    __slots__ = ("size", "epoch", "seqs")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    SEQS_FIELD_NUMBER: _ClassVar[int]
    size: int
    epoch: str
    seqs: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, size: _Optional[int] = ..., epoch: _Optional[str] = ..., seqs: _Optional[_Iterable[int]] = ...) -> None: ...

class Inclusion(_message.Message):
    __slots__ = ("seq", "stored", "number", "hash", "path")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STORED_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    seq: int
    stored: bool
    number: int
    hash: bytes
    path: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, seq: _Optional[int] = ..., stored: _Optional[bool] = ..., number: _Optional[int] = ..., hash: _Optional[bytes] = ..., path: _Optional[_Iterable[bytes]] = ...) -> None: ...

class InclusionAnswer(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Inclusion]
    def __init__(self, events: _Optional[_Iterable[_Union[Inclusion, _Mapping]]] = ...) -> None: ...
