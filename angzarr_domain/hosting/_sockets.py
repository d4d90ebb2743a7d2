"""Socket files: whose they are, who may connect, and when they go."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import stat
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from angzarr_domain.exceptions import ServingError

from ._addresses import SocketAddress, unusable

#: What fits into a socket's address, its end mark left out.
MAX_PATH_BYTES: Final = 107

_CONNECT_SECONDS: Final = 1.0
_umask_lock = threading.Lock()


@contextmanager
def claimed(address: SocketAddress) -> Generator[None]:
    """Hold the path: nobody else serves on it meanwhile, and no socket file is there before or after.

    A lock on `<path>.lock` is held throughout, so that two servers cannot both find a dead socket and remove
    each other's new one. gRPC itself would unlink whatever lies there.

    Raises:
        ServingError: Another server answers there, something else than a socket lies there, or the path is
            too long or not to be written.

    """
    _check_path(address)
    # Absolute from here on, since the process may change its folder.
    path = Path(address.path).absolute()
    lock_path = path.with_name(f"{path.name}.lock")
    lock = _locked(address, lock_path)
    try:
        _remove_dead(address, path)
        yield
        if path.is_socket():  # whatever took its place meanwhile is somebody else's
            path.unlink(missing_ok=True)
    finally:
        # Under the lock; whoever waits for it looks whether the file is still the one at this path.
        lock_path.unlink(missing_ok=True)
        os.close(lock)


@contextmanager
def created_with(mode: int) -> Generator[None]:
    """Sockets bound here have this mode from their first moment on.

    The umask is the whole process', so other files made in this instant are as restricted.
    """
    with _umask_lock:
        before = os.umask(0o777 & ~mode)
        try:
            yield
        finally:
            os.umask(before)


def _check_path(address: SocketAddress) -> None:
    size = len(os.fsencode(address.path))
    if size > MAX_PATH_BYTES:
        raise ServingError(
            f"{address.path} is {size} bytes long, and a socket's path has at most {MAX_PATH_BYTES}: "
            "choose a shorter one, perhaps relative",
            address=address.given,
            code="ADDRESS_UNUSABLE",
        )
    folder = Path(address.path).absolute().parent
    if not folder.is_dir():
        raise ServingError(
            f"{address.path} cannot be served: the folder {folder} does not exist, create it first",
            address=address.given,
            code="ADDRESS_UNUSABLE",
        )


def _locked(address: SocketAddress, lock_path: Path) -> int:
    while True:
        try:
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise unusable(f"{address.given} (its lock {lock_path})", error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(lock, lock_path):
                return lock
        except BlockingIOError as error:
            os.close(lock)
            raise _in_use(address) from error
        os.close(lock)  # its last owner removed it between our opening and locking it


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _remove_dead(address: SocketAddress, path: Path) -> None:
    try:
        kind = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(kind):
        raise ServingError(
            f"{address.path} exists and is no socket: it was left as it is, choose another path",
            address=address.given,
            code="ADDRESS_UNUSABLE",
        )
    if _answers(path):
        raise _in_use(address)
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_CONNECT_SECONDS)
        try:
            probe.connect(_shortest(path))
        except OSError as error:
            # Anything but a plain refusal (a full queue, no permission) may well be a living server.
            return error.errno not in {errno.ECONNREFUSED, errno.ENOENT}
    return True


def _shortest(path: Path) -> str:
    try:
        relative = os.path.relpath(path)
    except OSError:
        return str(path)  # the working folder is gone, which says nothing of the socket
    return min(str(path), relative, key=lambda each: len(os.fsencode(each)))


def _in_use(address: SocketAddress) -> ServingError:
    return ServingError(
        f"another server is serving on {address.path}: stop that one or choose another path",
        address=address.given,
        code="ADDRESS_IN_USE",
    )
