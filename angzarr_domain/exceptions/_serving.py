from __future__ import annotations

from typing import ClassVar

from ._base import AngzarrError, Retry, Status


class ConnectionFailed(AngzarrError):
    """No connection. Of a command nothing was sent; what stores nothing may also have been lost in mid-call."""

    codes: ClassVar[tuple[str, ...]] = ("CONNECTION_FAILED",)
    default_status = Status.UNAVAILABLE
    default_retry = Retry.LATER

    def __init__(self, message: str, *, endpoint: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"endpoint": endpoint} if endpoint else None)

    @property
    def is_connection_error(self) -> bool:
        """Always: that is what it says."""
        return True

    @property
    def endpoint(self) -> str:
        """Where the connection was tried, or ""."""
        return self.details.get("endpoint", "")


class TlsFailed(ConnectionFailed):
    """TLS could not be agreed, so nothing was sent. Mend certificates or names; trying again will not help.

    `code` says what is wrong: TLS_UNTRUSTED, the server's certificate is of nobody trusted here; TLS_EXPIRED, it has
    expired; TLS_NOT_YET_VALID; TLS_WRONG_HOST, it is another host's; TLS_CLIENT_CERTIFICATE, the server asks for a
    certificate of the client's that it trusts; TLS_FAILED, anything else, such as a peer that does not speak TLS.
    """

    codes: ClassVar[tuple[str, ...]] = (
        "TLS_FAILED",
        "TLS_UNTRUSTED",
        "TLS_EXPIRED",
        "TLS_NOT_YET_VALID",
        "TLS_WRONG_HOST",
        "TLS_CLIENT_CERTIFICATE",
    )
    default_retry = Retry.NEVER


class DeadlineExceeded(AngzarrError):
    """No answer in time to a call that stores nothing; simply ask again."""

    codes: ClassVar[tuple[str, ...]] = ("DEADLINE_EXCEEDED",)
    default_status = Status.DEADLINE_EXCEEDED
    default_retry = Retry.LATER


class ServerError(AngzarrError):
    """A status that has no more special meaning here; see `status`."""

    codes: ClassVar[tuple[str, ...]] = ("SERVER_ERROR",)
    default_status = Status.UNKNOWN

    @property
    def retry(self) -> Retry:
        """Only a server that is overburdened may have time later."""
        return Retry.LATER if self.status == Status.RESOURCE_EXHAUSTED else Retry.NEVER


class NotFound(ServerError):
    """The peer does not have what was asked for. A rejection of that status is a `Rejected`."""

    codes: ClassVar[tuple[str, ...]] = ("NOT_FOUND",)
    default_status = Status.NOT_FOUND


class ServingError(AngzarrError):
    """An address or socket that cannot be served. Whoever uses it goes on undisturbed."""

    codes: ClassVar[tuple[str, ...]] = ("ADDRESS_UNUSABLE", "ADDRESS_IN_USE", "NO_COMPONENTS_REGISTERED")
    default_status = Status.FAILED_PRECONDITION

    def __init__(self, message: str, *, address: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"address": address} if address else None)

    @property
    def address(self) -> str:
        """The address as it was given, or ""."""
        return self.details.get("address", "")


class StoreError(AngzarrError):
    """A data file that cannot be used, or (STREAM_DIFFERS) a stream that cannot be restored. All was left as it is."""

    codes: ClassVar[tuple[str, ...]] = (
        "DATA_FILE_UNUSABLE",
        "DATA_FILE_IN_USE",
        "DATA_FILE_FOREIGN",
        "DATA_FILE_NEWER",
        "DATA_FILE_READ_ONLY",
        "STORE_CLOSED",
        "STREAM_DIFFERS",
    )
    default_status = Status.UNAVAILABLE

    def __init__(self, message: str, *, path: str = "", code: str | None = None) -> None:
        super().__init__(message, code=code, details={"path": path} if path else None)

    @property
    def retry(self) -> Retry:
        """A coordinator that was stopping, or that waits for the file, may be back soon."""
        return Retry.LATER if self.code in {"STORE_CLOSED", "DATA_FILE_IN_USE"} else Retry.NEVER

    @property
    def path(self) -> str:
        """The data file, or "" where there is none."""
        return self.details.get("path", "")
