"""Socket files: whose they are, who may connect, and when they go."""

import fcntl
import os
import socket
import stat
from pathlib import Path

import pytest

from angzarr_domain.exceptions import ServingError
from angzarr_domain.wire import METHODS
from tests.hosting.asking import ask
from tests.hosting.test_serving import QUESTION, serving


def refused(path: Path | str) -> ServingError:
    with pytest.raises(ServingError) as caught, serving(f"unix:{path}"):
        pass
    return caught.value


def dead_socket(path: Path) -> None:
    """What a killed server leaves behind."""
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))


def test_file_goes_with_the_server(short_path: Path) -> None:
    """Neither socket nor lock stays behind (C-0502)."""
    with serving(f"{short_path}/a.sock"):
        assert (short_path / "a.sock").is_socket()

    assert list(short_path.iterdir()) == []


def test_file_that_took_its_place_stays(short_path: Path) -> None:
    """Only a socket goes with the server."""
    path = short_path / "a.sock"
    with serving(f"{path}"):
        path.unlink()
        path.write_text("notes")

    assert path.read_text() == "notes"


def test_only_the_owner_may_connect(short_path: Path) -> None:
    """0600 from the first moment on."""
    with serving(f"{short_path}/a.sock"):
        assert stat.S_IMODE((short_path / "a.sock").stat().st_mode) == 0o600


def test_mode_is_a_parameter(short_path: Path) -> None:
    """Sidecars run under other users."""
    with serving(f"{short_path}/a.sock", socket_mode=0o666):
        assert stat.S_IMODE((short_path / "a.sock").stat().st_mode) == 0o666


def test_umask_is_as_before(short_path: Path) -> None:
    """Other files of the process are made as ever."""
    before = os.umask(0o027)
    try:
        with serving(f"{short_path}/a.sock"):
            (short_path / "other").touch()
        assert stat.S_IMODE((short_path / "other").stat().st_mode) == 0o640
    finally:
        os.umask(before)


def test_relative_path_is_where_the_server_started(short_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is removed even if the process has gone to another folder."""
    monkeypatch.chdir(short_path)
    with serving("./a.sock") as server:
        assert server.addresses == ("unix:./a.sock",)
        monkeypatch.chdir("/")

    assert list(short_path.iterdir()) == []


def test_living_server_is_named_and_left_alone(short_path: Path) -> None:
    """A second server is refused; the first goes on."""
    path = short_path / "a.sock"
    with serving(f"unix:{path}") as first:
        error = refused(path)
        answered = ask(first.addresses[0], METHODS.get_event_book, QUESTION)

    assert (error.code, str(path) in error.message, answered.cover) == ("ADDRESS_IN_USE", True, QUESTION.cover)


def test_living_server_of_somebody_else_is_left_alone(short_path: Path) -> None:
    """Whoever answers there is alive, lock or no lock. gRPC alone would unlink the file."""
    path = short_path / "a.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        error = refused(path)

        assert (error.code, path.is_socket()) == ("ADDRESS_IN_USE", True)


def test_living_server_is_left_alone_by_a_process_whose_folder_is_gone(
    short_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A working folder that was removed must not make a living server look dead."""
    path, folder = short_path / "a.sock", short_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        error = refused(path)

        assert (error.code, path.is_socket()) == ("ADDRESS_IN_USE", True)


def test_dead_socket_is_replaced(short_path: Path) -> None:
    """What a killed server left behind is no hindrance."""
    dead_socket(short_path / "a.sock")
    with serving(f"{short_path}/a.sock") as server:
        assert ask(server.addresses[0], METHODS.get_event_book, QUESTION).cover == QUESTION.cover


def test_dead_socket_is_left_to_whoever_holds_the_lock(short_path: Path) -> None:
    """Two that start at once cannot both find it dead, and one remove the other's new socket."""
    dead_socket(short_path / "a.sock")
    with (short_path / "a.sock.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        error = refused(short_path / "a.sock")

    assert (error.code, (short_path / "a.sock").is_socket()) == ("ADDRESS_IN_USE", True)


def test_lock_left_behind_is_no_hindrance(short_path: Path) -> None:
    """A lock is held by a process, not by a file."""
    (short_path / "a.sock.lock").touch()
    with serving(f"{short_path}/a.sock"):
        pass

    assert list(short_path.iterdir()) == []


def test_file_that_is_no_socket_is_left_alone(short_path: Path) -> None:
    """Nobody's data is removed for a socket."""
    (short_path / "bank.db").write_text("precious")
    error = refused(short_path / "bank.db")

    assert (error.code, (short_path / "bank.db").read_text()) == ("ADDRESS_UNUSABLE", "precious")


def test_link_is_left_alone(short_path: Path) -> None:
    """Nor is what a link points to."""
    (short_path / "a.sock").symlink_to("elsewhere")

    assert refused(short_path / "a.sock").code == "ADDRESS_UNUSABLE"


def test_path_up_to_the_limit_is_served(short_path: Path) -> None:
    """107 bytes fit."""
    name = "a" * (107 - len(f"{short_path}/"))
    with serving(f"{short_path}/{name}") as server:
        assert ask(server.addresses[0], METHODS.get_event_book, QUESTION).cover == QUESTION.cover


def test_path_over_the_limit_is_named(short_path: Path) -> None:
    """108 bytes do not, and the text says how many there are."""
    name = "a" * (108 - len(f"{short_path}/"))

    assert "108 bytes" in refused(short_path / name).message


def test_missing_folder_is_named(short_path: Path) -> None:
    """Folders are not made up."""
    error = refused(short_path / "missing" / "a.sock")

    assert (error.code, str(short_path / "missing") in error.message) == ("ADDRESS_UNUSABLE", True)


@pytest.mark.parametrize("name", ["a b.sock", "a%41.sock", "a#b.sock", "a?b.sock", "ä.sock"])
def test_any_name_is_served_as_it_stands(short_path: Path, name: str) -> None:
    """For gRPC paths are parts of URIs; a file's name means itself."""
    with serving(f"{short_path}/{name}") as server:
        answered = ask(server.addresses[0], METHODS.get_event_book, QUESTION)
        assert ((short_path / name).is_socket(), answered.cover) == (True, QUESTION.cover)
