from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class Account(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class OpenAccount(_message.Message):
    __slots__ = ("reference", "number", "owner")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    reference: str
    number: str
    owner: str
    def __init__(self, reference: _Optional[str] = ..., number: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class Deposit(_message.Message):
    __slots__ = ("reference", "amount")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    amount: int
    def __init__(self, reference: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Withdraw(_message.Message):
    __slots__ = ("reference", "amount")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    amount: int
    def __init__(self, reference: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Refund(_message.Message):
    __slots__ = ("reference", "withdrawal")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_FIELD_NUMBER: _ClassVar[int]
    reference: str
    withdrawal: str
    def __init__(self, reference: _Optional[str] = ..., withdrawal: _Optional[str] = ...) -> None: ...

class FreezeAccount(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class UnfreezeAccount(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class CloseAccount(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class NoteRefusal(_message.Message):
    __slots__ = ("reference", "code", "message")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    code: str
    message: str
    def __init__(self, reference: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class AccountOpened(_message.Message):
    __slots__ = ("reference", "number", "owner")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    reference: str
    number: str
    owner: str
    def __init__(self, reference: _Optional[str] = ..., number: _Optional[str] = ..., owner: _Optional[str] = ...) -> None: ...

class Deposited(_message.Message):
    __slots__ = ("reference", "amount")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    amount: int
    def __init__(self, reference: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Withdrawn(_message.Message):
    __slots__ = ("reference", "amount")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    amount: int
    def __init__(self, reference: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class Refunded(_message.Message):
    __slots__ = ("reference", "withdrawal", "amount")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    WITHDRAWAL_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reference: str
    withdrawal: str
    amount: int
    def __init__(self, reference: _Optional[str] = ..., withdrawal: _Optional[str] = ..., amount: _Optional[int] = ...) -> None: ...

class AccountFrozen(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class AccountUnfrozen(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class AccountClosed(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class AccountReopened(_message.Message):
    __slots__ = ("reference",)
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    def __init__(self, reference: _Optional[str] = ...) -> None: ...

class OperationRefused(_message.Message):
    __slots__ = ("reference", "code", "message")
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    reference: str
    code: str
    message: str
    def __init__(self, reference: _Optional[str] = ..., code: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...
