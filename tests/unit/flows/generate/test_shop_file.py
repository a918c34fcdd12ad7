from datetime import date
from pathlib import Path

import pytest

from flows import paths
from flows.errors import InputError
from flows.generate.shop import Shop
from tests.unit.flows.generate.shops import listed

SAMPLE = paths.REPOSITORY / "data" / "sample" / "shop.toml"


def test_the_sample_file_describes_exactly_the_default_shop() -> None:
    assert Shop.from_toml(SAMPLE) == Shop()
    assert Shop.from_toml(SAMPLE).origin == Shop().origin


def test_the_sample_file_names_every_field_it_does_not_explain() -> None:
    said = SAMPLE.read_text(encoding="utf-8")
    explained = {"tiers", "carriers", "regions", "categories"}
    for part in (Shop(), Shop().demand, Shop().incidents, Shop().dirt, *Shop().tiers[:1]):
        for name in set(type(part).model_fields) - explained:
            assert name in said, name


def test_a_file_gives_some_fields_and_the_caller_others(tmp_path: Path) -> None:
    file = tmp_path / "shop.toml"
    file.write_text(
        'seed = 5\nproducts = 12\n[demand.season]\n01-01 = 1\n[[incidents.listed]]\nkind = "lost"\n'
        'from = 2026-01-01\nto = 2026-01-02\ncarrier = "NordPost"\n'
    )
    shop = Shop.from_toml(file, seed=6)
    assert shop == Shop(
        seed=6,
        products=12,
        demand={"season": (("01-01", 1.0),)},
        incidents={"listed": [listed("lost", date(2026, 1, 1), date(2026, 1, 2), carrier="NordPost")]},
    )


def test_an_empty_file_is_the_default_shop(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").touch()
    assert Shop.from_toml(tmp_path / "shop.toml") == Shop()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"seed = ?", "is not TOML: .*line 1"),
        (b"seed = 7\nseed = 8", "is not TOML: "),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"sed = 8", "this shop cannot be: sed: "),
        (b"[demand.season]\n01-32 = 1", r"this shop cannot be: demand\.season: '01-32' is not a day"),
        (b'seed = "7"', "this shop cannot be: seed: "),
        (b"seed = true", "this shop cannot be: seed: "),
        (b"self = 1", "this shop cannot be: self: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    file = tmp_path / "my shop.toml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=rf"^{tmp_path}/my shop\.toml: {complaint}"):
        Shop.from_toml(file)


def test_a_file_that_is_not_there_or_is_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: No such file"):
        Shop.from_toml(tmp_path / "none.toml")
    with pytest.raises(InputError, match=rf"^{tmp_path}: Is a directory"):
        Shop.from_toml(tmp_path)
