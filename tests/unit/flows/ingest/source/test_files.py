import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from flows.errors import SourceError
from flows.ingest.source.description import EntitySource
from flows.ingest.source.files import check, described_format, find_files, format_of, reject_changed


def source(directory: Path, path: str, **fields: Any) -> EntitySource:
    described_in = directory / "source.toml"
    return EntitySource(entity="orders", path=path, directory=directory, described_in=described_in, **fields)


def make(directory: Path, *names: str) -> None:
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"content of {name}")


def found(directory: Path, path: str) -> list[str]:
    """Names below the directory."""
    return [str(file.relative_to(directory)) for file in find_files(source(directory, path))]


def refusal(directory: Path, path: str) -> str:
    with pytest.raises(SourceError) as error:
        find_files(source(directory, path))
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user may enter, unlike those of pytest."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Root may read everything, so root becomes somebody else."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("none.csv", "/none.csv: no such file, named by {}/source.toml"),
        ("order.csv", "/order.csv: no such file, named by {}/source.toml; did you mean orders.csv?"),
        ("none/orders.csv", "/none/orders.csv: no such file, named by {}/source.toml"),
        ("orders.csv/more.csv", "/orders.csv/more.csv: cannot be read: Not a directory"),
        (f"{'x' * 300}.csv", f"/{'x' * 300}.csv: cannot be read: File name too long"),
        (
            "folder.csv",
            '/folder.csv: is a directory, and not a file, named by {}/source.toml; "folder.csv/*.csv"',
        ),
        (
            ".",
            ': is a directory, and not a file, named by {}/source.toml; "./*.csv" would name the files in it',
        ),
        ("empty.csv", "/empty.csv: is empty"),
        ("pipe.csv", "/pipe.csv: is a pipe, and not a file, named by {}/source.toml"),
        ("socket.csv", "/socket.csv: is a socket, and not a file, named by {}/source.toml"),
        ("to-pipe.csv", "/to-pipe.csv: is a pipe, and not a file"),
        (
            "dangling.csv",
            "/dangling.csv: leads to away.csv, and there is no such file; named by {}/source.toml",
        ),
        ("circle-a.csv", "/circle-a.csv: cannot be read: Too many levels of symbolic links"),
        ("*.tsv", "/*.tsv: no file matches, named by {}/source.toml"),
        ("none/*.csv", "/none: no such directory, named by {}/source.toml"),
        ("orders.csv/*.csv", "/orders.csv: cannot be read: Not a directory"),
        ("f*.csv", "/f*.csv: only directories match, named by {}/source.toml"),
        ("p*.csv", "/pipe.csv: is a pipe, and not a file"),
        ("dang*.csv", "/dangling.csv: leads to away.csv, and there is no such file"),
        ("circle-?.csv", "/circle-a.csv: cannot be read: Too many levels of symbolic links"),
        ("e*.csv", "/empty.csv: is empty"),
    ],
)
def test_what_is_no_file_that_can_be_read_is_refused(
    tmp_path: Path, path: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "orders.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "dangling.csv").symlink_to("away.csv")
    (tmp_path / "circle-a.csv").symlink_to("circle-b.csv")
    (tmp_path / "circle-b.csv").symlink_to("circle-a.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "to-pipe.csv").symlink_to("pipe.csv")
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.csv")
        assert refusal(tmp_path, path).startswith(f"{tmp_path}{complaint.format(tmp_path)}")


@pytest.mark.parametrize("path", ["circle/../x.csv", "circle/x/../x.csv", "circle/*.csv", "*/x/../*.csv"])
def test_a_link_to_itself_on_the_way_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    assert str(tmp_path) in refusal(tmp_path, path)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused(tmp_path: Path, device: str) -> None:
    assert refusal(tmp_path, device).startswith(f"{device}: is a device, and not a file")


def test_what_comes_through_a_pipe_of_the_shell_is_refused_unread(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"order_id\n")
    assert "is a pipe, and not a file" in refusal(tmp_path, f"/dev/fd/{reading}")
    assert os.read(reading, 100) == b"order_id\n"
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("orders.csv", "orders.csv"),
        ("*.csv", "orders.csv"),
        ("locked/orders.csv", "locked/orders.csv"),
        ("locked/*.csv", "locked"),
        ("**/none.csv", "locked"),
    ],
)
def test_what_may_not_be_read_is_refused(open_directory: Path, path: str, named: str) -> None:
    make(open_directory, "orders.csv", "locked/orders.csv")
    (open_directory / "orders.csv").chmod(0)
    (open_directory / "locked").chmod(0)
    try:
        with without_privileges():
            message = refusal(open_directory, path)
    finally:
        (open_directory / "locked").chmod(0o700)
    assert message == f"{open_directory}/{named}: cannot be read: Permission denied"


def test_paths_are_relative_to_the_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "shop/orders.csv", "exports/orders.csv")
    monkeypatch.chdir(tmp_path)
    shop = tmp_path / "shop"
    assert find_files(source(shop, "orders.csv")) == [shop / "orders.csv"]
    assert find_files(source(shop, "./orders.csv")) == [shop / "orders.csv"]
    assert find_files(source(Path("shop"), "orders.csv")) == [shop / "orders.csv"]
    assert find_files(source(shop, "../exports/orders.csv")) == [tmp_path / "exports" / "orders.csv"]
    assert find_files(source(shop, "../exports/*.csv")) == [tmp_path / "exports" / "orders.csv"]


def test_absolute_paths_and_those_of_the_home_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "home/orders.csv", "shop/~nobody-of-this-name/orders.csv")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    expected = [tmp_path / "home" / "orders.csv"]
    shop = tmp_path / "shop"
    assert find_files(source(shop, f"{tmp_path}/home/orders.csv")) == expected
    assert find_files(source(shop, f"{tmp_path}/home/*.csv")) == expected
    assert find_files(source(shop, "~/orders.csv")) == expected
    assert find_files(source(shop, "~/*.csv")) == expected
    assert found(shop, "~nobody-of-this-name/orders.csv") == ["~nobody-of-this-name/orders.csv"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.csv", ["a.csv", "b.csv"]),
        ("?.csv", ["a.csv", "b.csv"]),
        ("[b-z].csv", ["b.csv"]),
        ("[!b].csv", ["a.csv"]),
        ("*", ["a.csv", "b.csv", "c.csv.gz"]),
        ("*.csv*", ["a.csv", "b.csv", "c.csv.gz"]),
        (".*.csv", [".hidden.csv"]),
        ("*/*.csv", ["x/a.csv", "x/d.csv", "y/a.csv"]),
        ("*/a.csv", ["x/a.csv", "y/a.csv"]),
        ("x/*.csv", ["x/a.csv", "x/d.csv"]),
        ("**/a.csv", ["a.csv", "x/a.csv", "x/deep/a.csv", "y/a.csv"]),
        ("**/*.csv", ["a.csv", "b.csv", "x/a.csv", "x/d.csv", "x/deep/a.csv", "y/a.csv"]),
        ("**/deep/*.csv", ["x/deep/a.csv"]),
        ("x/**", ["x/a.csv", "x/d.csv", "x/deep/a.csv"]),
        ("**/**/**/d.csv", ["x/d.csv"]),
        ("x/**/*.csv", ["x/a.csv", "x/d.csv", "x/deep/a.csv"]),
        ("*/../b.csv", ["b.csv"]),
    ],
)
def test_a_glob_matches_files_in_the_order_of_their_names(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    make(tmp_path, "y/a.csv", "x/deep/a.csv", "x/d.csv", "x/a.csv", "c.csv.gz", "b.csv", "a.csv")
    make(tmp_path, ".hidden.csv", ".hidden/a.csv", "x/.hidden/a.csv")
    (tmp_path / "z.csv").mkdir()
    (tmp_path / ".hidden" / "z.csv").mkdir()
    assert found(tmp_path, pattern) == expected


def test_names_are_in_the_order_of_their_characters(tmp_path: Path) -> None:
    make(tmp_path, "o-2.csv", "o-10.csv", "o-1.csv", "O-3.csv", "ö.csv", "o/x.csv")
    assert found(tmp_path, "**/*.csv") == ["O-3.csv", "o/x.csv", "o-1.csv", "o-10.csv", "o-2.csv", "ö.csv"]


@pytest.mark.parametrize("path", ["orders[1].csv", "what?.csv", "all*.csv", "year [2026]/orders*.csv"])
def test_a_path_that_exists_as_it_is_written_is_no_glob(tmp_path: Path, path: str) -> None:
    make(tmp_path, "orders1.csv", "whatx.csv", "allx.csv", "year 2/orders.csv", "year 2/orders*.csv", path)
    assert found(tmp_path, path) == [path]


def test_a_directory_may_have_the_characters_of_a_glob(tmp_path: Path) -> None:
    shop = tmp_path / "shop [1]*"
    make(shop, "2026 [10]/a.csv", "2026 [10]/b.csv", "2026 1/c.csv")
    make(tmp_path, "shop 1/2026 [10]/d.csv")
    assert found(shop, "2026 [[]10]/?.csv") == ["2026 [10]/a.csv", "2026 [10]/b.csv"]
    assert found(shop, "2026 [10]/?.csv") == ["2026 [10]/a.csv", "2026 [10]/b.csv"]


def test_links_in_a_circle_are_followed_once(tmp_path: Path) -> None:
    make(tmp_path, "a/one.csv", "a/b/two.csv")
    (tmp_path / "a" / "b" / "up").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "self").symlink_to(".")
    (tmp_path / "a" / "b" / "top").symlink_to(tmp_path)
    (tmp_path / "a" / "loop").symlink_to("loop")
    assert found(tmp_path, "**/*.csv") == ["a/b/two.csv", "a/one.csv"]
    assert found(tmp_path, "**/b/*.csv") == ["a/b/two.csv"]


def test_any_number_of_double_stars_is_one(tmp_path: Path) -> None:
    make(tmp_path, "/".join(["deep"] * 40) + "/orders.csv")
    assert len(found(tmp_path, "**/" * 10 + "orders.csv")) == 1


def test_a_linked_directory_is_looked_into(tmp_path: Path) -> None:
    make(tmp_path, "disk/exports/2026/orders.csv", "shop/empty/x.txt")
    (tmp_path / "shop" / "exports").symlink_to(tmp_path / "disk" / "exports")
    shop = tmp_path / "shop"
    for pattern in ("**/*.csv", "exports/*/*.csv", "*/2026/*.csv"):
        assert found(shop, pattern) == ["exports/2026/orders.csv"]


def test_a_file_of_several_names_is_one_file(tmp_path: Path) -> None:
    make(tmp_path, "shop/b-1.csv", "shop/b-2.csv", "shop/z/orders.csv", "other.csv")
    shop = tmp_path / "shop"
    (shop / "a-latest.csv").symlink_to("b-2.csv")
    (shop / "b-0.csv").hardlink_to(shop / "b-1.csv")
    (shop / "b-11.csv").symlink_to(tmp_path / "other.csv")
    (shop / "y").symlink_to("z")
    assert found(shop, "*.csv") == ["b-0.csv", "b-11.csv", "b-2.csv"]
    assert found(shop, "a*.csv") == ["a-latest.csv"]
    assert found(shop, "**/orders.csv") == ["z/orders.csv"]
    assert found(shop, "*/orders.csv") == ["z/orders.csv"]
    assert found(shop, "y/*.csv") == ["y/orders.csv"]


@pytest.mark.parametrize("name", [b"a\nb.csv", b"caf\xe9.csv"])
def test_a_name_that_no_report_can_show_is_refused(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_text("x")
    shown = repr(name.decode("latin-1")).strip("'").replace("é", r"\udce9")
    assert refusal(tmp_path, "*.csv").endswith(
        f"a file cannot be named in a report: '{tmp_path}/{shown}'; rename it"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orders.csv", "csv"),
        ("ORDERS.CSV", "csv"),
        ("orders.2026-01-01.csv", "csv"),
        ("orders.tsv", "csv"),
        ("orders.txt", "csv"),
        ("orders.csv.gz", "csv"),
        ("orders.tsv.GZ", "csv"),
        ("orders.parquet", "parquet"),
        ("orders.ndjson", "ndjson"),
        ("orders.jsonl", "ndjson"),
        ("orders.jsonl.gz", "ndjson"),
        ("orders.parquet.gz", None),
        ("orders.json", None),
        ("orders.gz", None),
        ("orders.xlsx", None),
        ("orders", None),
        (".csv", None),
    ],
)
def test_the_format_follows_from_the_name(tmp_path: Path, name: str, expected: str | None) -> None:
    assert format_of(Path(name)) == expected
    for format_ in ("csv", "parquet", "ndjson"):
        assert described_format(tmp_path / name, source(tmp_path, name, format=format_)) == format_


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("orders.dat", 'known: .csv, .tsv, .txt, .parquet, .ndjson, .jsonl; or say format = "csv"'),
        ("orders", 'known: .csv, .tsv, .txt, .parquet, .ndjson, .jsonl; or say format = "csv"'),
        ("orders.xlsx", "save the sheet as CSV"),
        ("orders.zip", "unpack it first"),
        ("orders.csv.zst", "unpack it first, or pack it with gzip"),
        ("orders.parquet.gz", "unpack it first, or name what is packed, such as orders.csv.gz"),
        ("orders.json", 'if every line is one JSON object, say format = "ndjson"'),
    ],
)
def test_an_unknown_format_is_refused_with_what_to_do(tmp_path: Path, name: str, advice: str) -> None:
    with pytest.raises(SourceError) as error:
        described_format(tmp_path / name, source(tmp_path, name))
    kind = Path(name).suffix
    assert str(error.value) == (
        f"{tmp_path / name}: unknown kind of file {kind!r}, named by {tmp_path}/source.toml; {advice}"
    )


def test_a_file_that_stays_as_it_is_is_the_same(tmp_path: Path) -> None:
    make(tmp_path, "orders.csv")
    before = check(tmp_path / "orders.csv", source(tmp_path, "orders.csv"))
    (tmp_path / "orders.csv").read_text()
    (tmp_path / "orders.csv").chmod(0o600)
    reject_changed(tmp_path / "orders.csv", before)


def _append(file: Path) -> None:
    with file.open("a") as end:
        end.write("more")


def _touch(file: Path) -> None:
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))


def _replace(file: Path) -> None:
    old = file.stat()
    other = file.with_name("other")
    shutil.copy2(file, other)
    other.replace(file)
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))


def _append_unnoticed(file: Path) -> None:
    old = file.stat()
    _append(file)
    os.utime(file, ns=(old.st_atime_ns, old.st_mtime_ns))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (_append_unnoticed, "was changed while it was read"),
        (_append, "was changed while it was read; run again when it is complete"),
        (_touch, "was changed while it was read"),
        (_replace, "was changed while it was read"),
        (Path.unlink, "went away while it was read; run again when it is there"),
    ],
)
def test_a_change_is_noticed(tmp_path: Path, change: Any, complaint: str) -> None:
    make(tmp_path, "orders.csv")
    file = tmp_path / "orders.csv"
    before = check(file, source(tmp_path, "orders.csv"))
    change(file)
    with pytest.raises(SourceError) as error:
        reject_changed(file, before)
    assert str(error.value).startswith(f"{file}: {complaint}")
