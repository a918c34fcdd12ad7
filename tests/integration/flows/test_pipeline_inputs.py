"""What is wrong in the parent flow's parameters is found before it looks at a block or a warehouse."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.errors import InputError
from flows.main import ecommerce_pipeline


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"shop": "shop.toml", "source": "source.toml"}, "not both"),
        ({"shop": "no/such/shop.toml"}, r"no/such/shop\.toml: No such file"),
    ],
    ids=["both", "missing"],
)
def test_a_shop_that_cannot_be_used_is_refused(
    prefect_api: None, parameters: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        ecommerce_pipeline(date(2026, 1, 31), warehouse_block="nobody-made-this", **parameters)


def test_a_size_that_the_shops_file_cannot_have_is_refused(prefect_api: None, tmp_path: Path) -> None:
    shop = tmp_path / "shop.toml"
    shop.write_text("orders_per_day = 0")
    with pytest.raises(InputError, match="orders_per_day"):
        ecommerce_pipeline(date(2026, 1, 31), shop=str(shop), warehouse_block="nobody-made-this")
