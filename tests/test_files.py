"""Files that are written in one go: the old one or the new one, never half of one, and nothing beside it."""

import json
import os
import stat

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from course_utils import files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, text="new"):
    with files.replacing(path) as part:
        if isinstance(text, BaseException):
            part.write_text("half")
            raise text
        part.write_text(text)


@given(st.binary(max_size=200))
def test_what_is_written_is_there(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("a folder with spaces") / "à b.bin"
    for _ in range(2):
        with files.replacing(path) as part:
            assert part.parent == path.parent  # the same disk, or it could not be renamed
            part.write_bytes(content)
        assert path.read_bytes() == content
        assert names(path.parent) == [path.name]


@pytest.mark.parametrize("error", [OSError("no space left on device"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("old", ["old", None])
def test_a_failing_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, old, error):
    path = tmp_path / "run.json"
    if old:
        path.write_text(old)
    with pytest.raises(type(error)):
        write(path, error)
    assert names(tmp_path) == (["run.json"] if old else [])
    assert not old or path.read_text() == old


def test_the_old_file_is_there_until_the_end(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("old")
    with files.replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


def test_two_writers_do_not_meet(tmp_path):
    with files.replacing(tmp_path / "a") as one, files.replacing(tmp_path / "a") as other:
        one.write_text("one")
        other.write_text("other")
    assert ((tmp_path / "a").read_text(), names(tmp_path)) == ("one", ["a"])  # the last to end


def test_nothing_written_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "a"):
        pass


def test_a_tilde_is_expanded_and_missing_folders_are_made(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write("~/my runs/today/run.json")
    assert (tmp_path / "my runs/today/run.json").read_text() == "new"


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "runs").write_text("old")
    for path in (tmp_path / "runs/run.json", tmp_path / "runs/deep/er/run.json"):
        with pytest.raises(NotADirectoryError, match=r"run.json cannot be written, because .*runs is a file"):
            write(path)
    assert (tmp_path / "runs").read_text() == "old"


def test_a_folder_of_that_name_is_told(tmp_path):
    (tmp_path / "run.json").mkdir()
    with pytest.raises(IsADirectoryError, match="run.json is a folder; give the name of a file in it"):
        write(tmp_path / "run.json")
    assert names(tmp_path) == ["run.json"]


def test_links_stay_links(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "folder").symlink_to(tmp_path / "disk")
    (tmp_path / "link.json").symlink_to("disk/run.json")  # leads nowhere yet
    for text in ("first", "second"):
        write(tmp_path / "link.json", text)
        assert (tmp_path / "link.json").is_symlink()
        assert (tmp_path / "disk/run.json").read_text() == text
    write(tmp_path / "folder/run.json", "third")
    assert (tmp_path / "link.json").read_text() == "third"
    assert names(tmp_path / "disk") == ["run.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bits")
def test_others_may_read_the_file_as_they_could_have_before(tmp_path):
    write(tmp_path / "ours")
    (tmp_path / "plain").write_text("")
    assert stat.S_IMODE((tmp_path / "ours").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


def test_others_may_read_it_also_where_a_writer_goes_through_a_private_file(tmp_path):
    with files.replacing(tmp_path / "ours") as part:
        save_file({"w": torch.zeros(2)}, part)
    (tmp_path / "plain").touch()
    ours, plain = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain"))
    assert ours == plain


def test_a_disk_that_refuses_other_permissions_takes_what_needs_none(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("pathlib.Path.chmod", refuse)
    write(tmp_path / "run.json", "new")
    assert (tmp_path / "run.json").read_text() == "new"


def test_a_name_that_is_taken_is_left_alone_and_the_next_one_taken(tmp_path):
    names_ = [tmp_path / "new" / f"{n}.txt" for n in range(5)]
    with files.taking(names_) as one, files.taking(names_) as other:  # two kernels at once
        other.write_text("other")
        one.write_text("one")
    assert [(path.name, path.read_text()) for path in (one, other)] == [("0.txt", "one"), ("1.txt", "other")]
    (tmp_path / "new" / "2.txt").mkdir()  # a folder is in the way, too
    with files.taking(names_) as third:
        pass
    assert third.name == "3.txt"
    with pytest.raises(OSError, match="disk"), files.taking(names_):  # the name is given back
        raise OSError("the disk is full")
    assert names(tmp_path / "new") == ["0.txt", "1.txt", "2.txt", "3.txt"]
    with pytest.raises(FileExistsError, match="all of these names are taken"), files.taking(names_[:3]):
        pass


def test_a_disk_that_says_only_at_the_end_that_it_is_full_keeps_the_old_file(tmp_path, monkeypatch):
    """So a network's disk does, with a quota."""
    write(tmp_path / "run.json", "old")

    def full(number):
        raise OSError("Disk quota exceeded")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="quota"):
        write(tmp_path / "run.json")
    assert ((tmp_path / "run.json").read_text(), names(tmp_path)) == ("old", ["run.json"])


def test_json_comes_back(tmp_path):
    values = {"machine": "two cores", "rows": [{"rate": 0.1, "modes": None}, {"rate": 1.0, "modes": 7}]}
    files.write_json(tmp_path / "results.json", values)
    assert json.loads((tmp_path / "results.json").read_text()) == values
    with pytest.raises(TypeError):
        files.write_json(tmp_path / "results.json", {"not plain": object()})
    assert json.loads((tmp_path / "results.json").read_text()) == values


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="is a device or a pipe"), files.replacing(pipe):
        pass
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]
