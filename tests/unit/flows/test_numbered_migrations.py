from pathlib import Path

import pytest

from flows.migrations.numbered import Migration, migrations


def written(directory: Path, *names: str) -> Path:
    for name in names:
        (directory / name).write_text("select 1;\n")
    return directory


def test_the_pipelines_own_are_numbered_from_one_without_a_gap() -> None:
    assert [one.number for one in migrations()] == list(range(1, len(migrations()) + 1))
    assert len({one.name for one in migrations()}) == len(migrations())


@pytest.mark.parametrize(
    "names",
    [
        ("0002_b.sql",),
        ("0001_a.sql", "0003_c.sql"),
        ("0001_a.sql", "0001_b.sql"),
        ("1_a.sql",),
        ("0001-a.sql",),
    ],
)
def test_a_gap_a_number_twice_or_another_name_is_a_mistake(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="migration"):
        migrations(written(tmp_path, *names))


def test_the_checksum_is_the_same_whatever_ends_the_lines(tmp_path: Path) -> None:
    unix, dos = tmp_path / "unix", tmp_path / "dos"
    for directory, text in ((unix, b"select 1;\nselect 2;\n"), (dos, b"select 1;\r\nselect 2;\r\n")):
        directory.mkdir()
        (directory / "0001_a.sql").write_bytes(text)
    assert migrations(unix)[0].checksum == migrations(dos)[0].checksum
    assert migrations(unix)[0].checksum != Migration(1, "a", "select 2;\n").checksum
