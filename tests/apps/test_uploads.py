"""A file that a browser sends in pieces arrives whole, whatever its size; one that is too large is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.apps.frame.uploads import MOST, FileButton


class Browser:
    """What the button's JavaScript does: the next piece only when the last one was answered with "more"."""

    def __init__(self):
        self.button = FileButton(description="a file")
        self.files, self.refused, self.answers = [], [], []
        self.button.on_file, self.button.on_refused = self.files.append, self.refused.append
        self.button.send = self.answers.append

    def piece(self, content: bytes, at: int, length: int, size: int | None = None) -> bool:
        message = {"name": "x.png", "size": len(content) if size is None else size, "at": at}
        self.button.hear(message, [memoryview(content[at : at + length])])
        return self.answers[-1]["more"]

    def upload(self, content: bytes, length: int) -> None:
        at = 0
        while self.piece(content, at, length):
            at += length


@given(content=st.binary(max_size=200), length=st.integers(1, 70))
def test_whatever_the_pieces_the_file_is_the_same(content, length):
    browser = Browser()
    browser.upload(content, length)
    browser.upload(content[::-1], length)  # and again
    assert browser.files == [content, content[::-1]]
    assert len(browser.answers) == 2 * max(1, -(-len(content) // length))


def test_a_file_of_twelve_megabytes_arrives():
    """More than a message to Jupyter's server may hold (10 MiB)."""
    browser, content = Browser(), bytes(range(250)) * 48_000
    browser.upload(content, 1 << 20)
    assert browser.files == [content]


def test_a_file_that_broke_off_is_forgotten():
    browser = Browser()
    browser.piece(b"abcdefgh", 0, 4)
    browser.upload(b"12345678", 4)
    assert browser.files == [b"12345678"]


def test_a_piece_that_does_not_follow_is_left_out():
    browser = Browser()
    browser.piece(b"abcdefgh", 0, 4)
    browser.piece(b"........", 2, 4)
    browser.piece(b"abcdefgh", 4, 4)
    assert browser.files == [b"abcdefgh"]


def test_too_large_a_file_is_refused_at_its_first_piece():
    browser = Browser()
    assert not browser.piece(b"abcd", 0, 4, size=80_000_000)
    assert browser.files == []
    (error,) = browser.refused
    with pytest.raises(ValueError, match=f"x.png has 80 MB, and at most {MOST}"):
        raise error
