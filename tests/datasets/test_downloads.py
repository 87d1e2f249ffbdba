"""course_utils.datasets.downloads against a real HTTP server on this machine that misbehaves in every known way."""

import errno
import gzip
import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest.mock import Mock

import pytest

from course_utils.datasets import downloads
from course_utils.datasets.downloads import PIECE, DataUnavailable, fetch, is_intact, read_plain

CONTENT = random.Random(0).randbytes(400_000)  # larger than the pieces in which transfers are written
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ZIPPED = gzip.compress(CONTENT, 9, mtime=0)
DEAD_PROXY = "http://127.0.0.1:9"
FULL_DEADLINE = downloads.DEADLINE  # the tests have shorter ones


class Mirrors:
    """One server; the first part of the path says how it behaves, so each is a mirror of its own.

    ``finish`` lets go of everything that hangs; ``served`` counts the transfers (not the one-byte questions).
    """

    def __init__(self):
        self.finish = threading.Event()
        self.served = []
        self.asked = []
        mirrors = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                kind = self.path.split("/")[1]
                question = "Range" in self.headers
                (mirrors.asked if question else mirrors.served).append(kind)
                try:
                    mirrors.answer(self, kind, question)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self.thread.start()

    def answer(self, handler, kind, question):
        if kind == "silent":
            self.finish.wait(30)
            return
        if kind == "late" and question:
            time.sleep(0.6)
        if kind in ("403", "404", "503"):
            handler.send_error(int(kind))
            return
        bodies = {
            "wrong": gzip.compress(b"<html>Please log in</html>"),
            "plain": CONTENT,
            "level1": gzip.compress(CONTENT, 1),
        }
        body = bodies.get(kind, ZIPPED)
        handler.send_response(200)
        if kind == "transcoded":
            handler.send_header("Content-Encoding", "gzip")
        if kind == "unsized":
            handler.send_header("Connection", "close")
        else:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if question:
            return
        if kind in ("truncated", "unsized", "stalled"):
            handler.wfile.write(body[: len(body) // 2])
            handler.wfile.flush()
            if kind == "stalled":
                self.finish.wait(30)
        elif kind == "slow":
            for start in range(0, len(body), len(body) // 4):
                handler.wfile.write(body[start : start + len(body) // 4])
                handler.wfile.flush()
                time.sleep(0.15)
        else:
            handler.wfile.write(body)

    def url(self, kind):
        return f"http://127.0.0.1:{self.server.server_port}/{kind}/digits.gz"

    def urls(self, *kinds):
        return [self.url(kind) for kind in kinds]

    def close(self):
        self.finish.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)


@pytest.fixture
def mirrors(monkeypatch):
    for limit in ("DEADLINE", "STALL"):  # a busy machine has kept good answers waiting for more than a second
        monkeypatch.setattr(downloads, limit, 20.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Mirrors()
    yield server
    server.close()


@pytest.fixture
def no_network(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, DEAD_PROXY)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


def get(folder, urls, **options):
    return fetch("digits", folder, sha256=SHA256, urls=urls, **options)


def content(path):
    return b"".join(read_plain(path))


def names(folder):
    """What lies in folder, apart from the lock (which some platforms keep and others remove)."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# --- the check ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        CONTENT,
        ZIPPED,
        gzip.compress(CONTENT, 1),
        gzip.compress(CONTENT[:99]) + gzip.compress(CONTENT[99:]),
        ZIPPED + bytes(512),
        ZIPPED + bytes(PIECE),
    ],
    ids=["plain", "gzip", "recompressed", "in two parts", "padded", "padded by more than a piece"],
)
def test_check_looks_at_the_uncompressed_content(tmp_path, body):
    path = tmp_path / "digits"
    path.write_bytes(body)
    assert is_intact(path, SHA256)
    assert is_intact(path, SHA256[:8])
    assert content(path) == CONTENT


def test_check_reads_a_file_once_until_it_changes(tmp_path):
    path, taken = tmp_path / "digits", [bytearray() for _ in range(4)]
    path.write_bytes(ZIPPED)
    assert [is_intact(path, SHA256, take) for take in taken[:2]] == [True, True]
    path.write_bytes(ZIPPED + b"x")
    assert not is_intact(path, SHA256, taken[2])
    path.write_bytes(CONTENT)
    assert is_intact(path, SHA256, taken[3])
    assert taken == [CONTENT, b"", b"", CONTENT]


@pytest.mark.parametrize(
    "body",
    [
        CONTENT[:-1],
        CONTENT + b"x",
        b"",
        ZIPPED[:-1],
        ZIPPED[:200],
        ZIPPED[:1],
        ZIPPED + b"x",
        b"\x1f\x8bnonsense",
        ZIPPED[:100] + bytes([ZIPPED[100] ^ 1]) + ZIPPED[101:],
        ZIPPED[:10] + b"\xff" * 100,
        gzip.compress(b"other", mtime=0),
    ],
)
def test_check_refuses_every_damage(tmp_path, body):
    path = tmp_path / "digits"
    path.write_bytes(body)
    assert not is_intact(path, SHA256)


def test_check_does_not_call_a_missing_file_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        is_intact(tmp_path / "nothing", SHA256)


# --- files at hand -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"), [("digits", CONTENT), ("digits.gz", ZIPPED), ("digits.gz", CONTENT)]
)
def test_file_at_hand_is_read_without_lock_or_network(tmp_path, mirrors, name, body):
    (tmp_path / name).write_bytes(body)
    assert get(tmp_path, mirrors.urls("good")) == tmp_path / name
    assert mirrors.asked == mirrors.served == []
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_damaged_plain_file_beside_a_good_zipped_one(tmp_path, mirrors):
    (tmp_path / "digits").write_bytes(CONTENT[:-5])
    (tmp_path / "digits.gz").write_bytes(ZIPPED)
    with pytest.warns(UserWarning, match="digits is damaged"):
        assert get(tmp_path, mirrors.urls("good")) == tmp_path / "digits.gz"
    assert mirrors.asked == []


def test_damaged_files_are_named_moved_aside_and_fetched_again(tmp_path, mirrors):
    (tmp_path / "digits.gz").write_bytes(ZIPPED[:300])
    with pytest.warns(UserWarning, match=r"digits\.gz is damaged"):
        assert get(tmp_path, mirrors.urls("good")) == tmp_path / "digits.gz"
    assert (tmp_path / "digits.gz").read_bytes() == ZIPPED
    (tmp_path / "digits.gz").write_bytes(b"second damage")
    (tmp_path / "digits").write_bytes(b"plain damage")
    with pytest.warns(UserWarning, match="damaged") as caught:
        get(tmp_path, mirrors.urls("good"))
    assert len(caught) == 2
    assert names(tmp_path) == ["digits.damaged", "digits.gz", "digits.gz.damaged"]
    assert (tmp_path / "digits.gz.damaged").read_bytes() == b"second damage"


@pytest.mark.parametrize("kind", ["503", "wrong"])
def test_damaged_file_that_cannot_be_fetched_is_named_and_left(tmp_path, mirrors, kind):
    (tmp_path / "digits").write_bytes(b"damage")
    with (
        pytest.warns(UserWarning, match="digits is damaged"),
        pytest.raises(
            DataUnavailable, match=f"{tmp_path / 'digits'} is damaged .*, and cannot be downloaded"
        ),
    ):
        get(tmp_path, mirrors.urls(kind))
    assert names(tmp_path) == ["digits"]


def test_what_may_not_be_read_is_told_and_passed_over(tmp_path, monkeypatch):
    """Root may read everything: so the system's refusal is played."""
    (tmp_path / "digits").write_bytes(CONTENT)
    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "open", Mock(side_effect=PermissionError(13, "Permission denied")))
        with (
            pytest.warns(UserWarning, match=r"digits cannot be read \(no permission\) and is not used"),
            pytest.raises(DataUnavailable, match=f"{tmp_path / 'digits'} cannot be read"),
        ):
            get(tmp_path, [], download=False)
    assert get(tmp_path, [], download=False) == tmp_path / "digits"


def test_download_switched_off(tmp_path, mirrors):
    with pytest.raises(DataUnavailable, match=r"digits is not in .*switched off\.\nDo this\."):
        get(tmp_path, mirrors.urls("good"), download=False, advice="Do this.")
    assert mirrors.asked == []
    assert list(tmp_path.iterdir()) == []


# --- downloads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [("good", "digits.gz"), ("level1", "digits.gz"), ("plain", "digits"), ("transcoded", "digits")],
)
def test_download(tmp_path, mirrors, capsys, kind, name):
    folder = tmp_path / "new" / "folder"
    assert get(folder, mirrors.urls(kind)) == folder / name
    assert content(folder / name) == CONTENT
    assert names(folder) == [name]
    assert (folder / name).stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert "digits: 100%" in capsys.readouterr().err


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("403", "answered 403"),
        ("503", "answered 503"),
        ("truncated", "connection failed"),
        ("unsized", "sent wrong bytes"),
        ("wrong", "sent wrong bytes"),
        ("stalled", "connection failed"),
        ("silent", "connection failed"),
    ],
)
def test_every_failure_falls_through_to_the_next_mirror(tmp_path, mirrors, monkeypatch, kind, reason):
    for limit, reached in (("DEADLINE", "silent"), ("STALL", "stalled")):
        if kind == reached:
            monkeypatch.setattr(downloads, limit, 3.0)
    assert get(tmp_path, mirrors.urls(kind, "good")) == tmp_path / "digits.gz"
    assert names(tmp_path) == ["digits.gz"]
    assert kind in mirrors.asked
    assert mirrors.served == ([kind] if kind in ("truncated", "unsized", "wrong", "stalled") else []) + [
        "good"
    ]

    alone = tmp_path / "alone"
    with pytest.raises(DataUnavailable, match=rf"127\.0\.0\.1:\d+: ({reason})\)"):
        get(alone, mirrors.urls(kind))
    assert not alone.exists() or names(alone) == []


def test_given_order_counts_not_the_speed(tmp_path, mirrors):
    get(tmp_path, mirrors.urls("late", "good"))
    assert mirrors.served == ["late"]


def test_reasons_of_all_mirrors_are_told(tmp_path, mirrors):
    with pytest.raises(DataUnavailable) as caught:
        get(tmp_path, [*mirrors.urls("503", "wrong"), "http://127.0.0.1:9/digits.gz"])
    for reason in ("answered 503", "sent wrong bytes", "127.0.0.1:9: connection failed"):
        assert reason in str(caught.value)
    with pytest.raises(DataUnavailable, match="no mirror given"):
        get(tmp_path, [])


def test_dead_network_is_recognised_within_ten_seconds_in_all(tmp_path, mirrors, monkeypatch):
    import socket

    real = socket.getaddrinfo

    def hanging_look_up(host, *args, **kwargs):
        if str(host).endswith(".invalid"):
            mirrors.finish.wait(30)
            raise socket.gaierror("released")
        return real(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", hanging_look_up)
    monkeypatch.setattr(downloads, "DEADLINE", FULL_DEADLINE)
    (tmp_path / "digits.gz").write_bytes(b"damaged")
    urls = [*mirrors.urls("silent", "503"), "http://a.invalid/digits.gz", "http://b.invalid/digits.gz"]
    start = time.monotonic()
    with (
        pytest.warns(UserWarning, match="damaged"),
        pytest.raises(DataUnavailable, match="a.invalid: connection failed; b.invalid: connection failed"),
    ):
        fetch("digits", tmp_path, sha256=SHA256, urls=urls)
    assert time.monotonic() - start < 60  # a limit for hangs


def test_proxy_settings_are_honoured(tmp_path, no_network):
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=r"example\.org: the proxy cannot be reached; "):
        get(tmp_path / "new", ["https://example.org/digits.gz", "http://example.com/digits.gz"])
    assert time.monotonic() - start < 60  # a limit for hangs
    assert not (tmp_path / "new").exists()


def test_a_bug_in_asking_is_not_taken_for_a_dead_mirror(tmp_path, mirrors, monkeypatch):
    import requests

    def broken(*args, **kwargs):
        raise KeyError("a bug")

    monkeypatch.setattr(requests, "get", broken)
    with pytest.raises(KeyError, match="a bug"):
        get(tmp_path, mirrors.urls("good"))


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EACCES, PermissionError), (errno.EROFS, OSError), (errno.ENOSPC, OSError)]
)
def test_folder_that_cannot_be_written_is_its_own_error(tmp_path, mirrors, monkeypatch, number, kind):
    from pathlib import Path

    def refuse(self, *args, **kwargs):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(kind, match=r"digits should be saved in .*, but: .*\. Set COURSE_DATA"):
        get(tmp_path / "new", mirrors.urls("good"))


def test_folder_below_a_file_is_not_taken_for_missing_data(tmp_path, mirrors):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        get(tmp_path / "file" / "folder", mirrors.urls("good"))


# --- other processes ---------------------------------------------------------------------------------

CHILD = """
import sys
from course_utils.datasets.downloads import fetch
print(fetch("digits", sys.argv[1], sha256=sys.argv[2], urls=sys.argv[3:]).name)
"""


def start_child(folder, urls):
    command = [sys.executable, "-W", "error", "-c", CHILD, str(folder), SHA256, *urls]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_run_that_is_killed_half_way_spoils_nothing(tmp_path, mirrors):
    child = start_child(tmp_path, mirrors.urls("stalled"))
    try:
        limit = time.monotonic() + 20
        while not any(path.stat().st_size for path in tmp_path.glob("*.part")):
            assert child.poll() is None, child.stderr.read()
            assert time.monotonic() < limit, "the child never began its transfer"
            time.sleep(0.02)
    finally:
        child.kill()
        child.communicate()
    assert names(tmp_path) == ["digits.part"]
    (tmp_path / "other.part").write_bytes(b"of another file")

    assert get(tmp_path, mirrors.urls("good")) == tmp_path / "digits.gz"
    assert names(tmp_path) == ["digits.gz", "other.part"]


def test_processes_that_start_at_once_fetch_once(tmp_path, mirrors):
    children = [start_child(tmp_path, mirrors.urls("slow")) for _ in range(2)]
    for child in children:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert out.strip() == "digits.gz"
    assert mirrors.served == ["slow"]
    assert names(tmp_path) == ["digits.gz"]
    assert content(tmp_path / "digits.gz") == CONTENT


def test_reader_waits_for_the_process_that_fetches(tmp_path, mirrors):
    import filelock

    held = threading.Event()

    def fetch_elsewhere():
        with filelock.FileLock(tmp_path / "digits.lock"):
            held.set()
            time.sleep(0.5)
            (tmp_path / "digits").write_bytes(CONTENT)

    other = threading.Thread(target=fetch_elsewhere)
    other.start()
    assert held.wait(10)
    assert get(tmp_path, mirrors.urls("good")) == tmp_path / "digits"
    other.join()
    assert mirrors.served == []
