from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EscrowKeyQuery(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EscrowKey(_message.Message):
    __slots__ = ("receiving_key", "storage")
    RECEIVING_KEY_FIELD_NUMBER: _ClassVar[int]
    STORAGE_FIELD_NUMBER: _ClassVar[int]
    receiving_key: bytes
    storage: str
    def __init__(self, receiving_key: _Optional[bytes] = ..., storage: _Optional[str] = ...) -> None: ...

class ClientKeyDeposit(_message.Message):
    __slots__ = ("client", "sealed")
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    client: str
    sealed: bytes
    def __init__(self, client: _Optional[str] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class ClientKeyDeposits(_message.Message):
    __slots__ = ("deposits",)
    DEPOSITS_FIELD_NUMBER: _ClassVar[int]
    deposits: _containers.RepeatedCompositeFieldContainer[ClientKeyDeposit]
    def __init__(self, deposits: _Optional[_Iterable[_Union[ClientKeyDeposit, _Mapping]]] = ...) -> None: ...

class ClientKeysKept(_message.Message):
    __slots__ = ("kept", "erased")
    KEPT_FIELD_NUMBER: _ClassVar[int]
    ERASED_FIELD_NUMBER: _ClassVar[int]
    kept: int
    erased: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kept: _Optional[int] = ..., erased: _Optional[_Iterable[str]] = ...) -> None: ...

class RecoveryRequest(_message.Message):
    __slots__ = ("purpose", "after")
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    purpose: str
    after: str
    def __init__(self, purpose: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class RecoveredKey(_message.Message):
    __slots__ = ("client", "sealed")
    CLIENT_FIELD_NUMBER: _ClassVar[int]
    SEALED_FIELD_NUMBER: _ClassVar[int]
    client: str
    sealed: bytes
    def __init__(self, client: _Optional[str] = ..., sealed: _Optional[bytes] = ...) -> None: ...

class RecoveredKeys(_message.Message):
    __slots__ = ("keys", "more")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[RecoveredKey]
    more: bool
    def __init__(self, keys: _Optional[_Iterable[_Union[RecoveredKey, _Mapping]]] = ..., more: _Optional[bool] = ...) -> None: ...

class BackupKeyDeposit(_message.Message):
    __slots__ = ("sealed",)
    SEALED_FIELD_NUMBER: _ClassVar[int]
    sealed: bytes
    def __init__(self, sealed: _Optional[bytes] = ...) -> None: ...

class BackupKeyKept(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RecoveredBackupKeys(_message.Message):
    __slots__ = ("sealed",)
    SEALED_FIELD_NUMBER: _ClassVar[int]
    sealed: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, sealed: _Optional[_Iterable[bytes]] = ...) -> None: ...
