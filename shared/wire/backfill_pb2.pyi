from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Parcel(_message.Message):
    __slots__ = ("sealed_message",)
    SEALED_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    sealed_message: bytes
    def __init__(self, sealed_message: _Optional[bytes] = ...) -> None: ...
