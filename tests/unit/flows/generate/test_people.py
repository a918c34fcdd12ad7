import os
import re
import subprocess
import sys
import zlib
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from flows.generate import defaults
from flows.generate.parts import Demand, Region
from flows.generate.people import customers, pool_sizes
from flows.generate.shop import Shop
from flows.tables import SCHEMAS

SHOP = Shop()
EVERYWHERE = Shop(
    regions=tuple(Region(name=country, country=country, share=1) for country in defaults.LOCALES)
)
MARKS = {"a letter beyond ASCII": "[^\x00-\x7f]", "an apostrophe": "'", "a comma": ","}


def day(text: str) -> int:
    return date.fromisoformat(text).toordinal() - date(1970, 1, 1).toordinal()


def created_days(frame: pl.DataFrame) -> np.ndarray:
    return frame["created_at"].dt.epoch("d").to_numpy()


def test_there_is_one_row_for_each_number_in_the_order_given() -> None:
    frame = customers(SHOP, np.array([0, 5, 999_999]))
    assert frame.schema == SCHEMAS["customers"]
    assert frame["customer_id"].to_list() == ["C-000000000", "C-000000005", "C-000999999"]
    assert frame.null_count().sum_horizontal().item() == 0


def test_no_numbers_give_an_empty_frame_with_the_right_columns() -> None:
    frame = customers(SHOP, np.empty(0, np.int64))
    assert (frame.schema, frame.height) == (SCHEMAS["customers"], 0)


def test_a_customer_alone_is_the_same_as_among_others() -> None:
    numbers = np.arange(3_000)
    frame = customers(SHOP, numbers)
    assert customers(SHOP, numbers[1::7]).equals(frame[1::7])
    for number in (0, 11, 2_999):
        assert customers(SHOP, np.array([number])).equals(frame[number])


@pytest.mark.parametrize("kind", [np.int32, np.uint32, np.uint64])
def test_any_kind_of_integers_gives_the_same_customers(kind: type) -> None:
    numbers = np.arange(0, 9_000, 97)
    assert customers(SHOP, numbers.astype(kind)).equals(customers(SHOP, numbers))


def test_another_seed_gives_other_people_in_the_same_places() -> None:
    numbers = np.arange(2_000)
    one, other = customers(SHOP, numbers), customers(Shop(seed=8), numbers)
    for column in ("name", "email", "city", "segment", "created_at"):
        assert (one[column] != other[column]).mean() > 0.25, column
    assert one["country"].equals(other["country"])
    assert np.array_equal(created_days(one), created_days(other))


def test_people_do_not_depend_on_how_python_orders_its_sets() -> None:
    program = (
        "import sys, numpy, zlib\n"
        "from flows.generate import defaults, people, shop\n"
        "regions = [shop.Region(name=c, country=c, share=1) for c in defaults.LOCALES]\n"
        "frame = people.customers(shop.Shop(regions=regions), numpy.arange(5_000))\n"
        "print(zlib.crc32(frame.write_csv().encode()))\n"
    )
    here = zlib.crc32(customers(EVERYWHERE, np.arange(5_000)).write_csv().encode())
    for hash_seed in ("1", "2"):
        there = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert int(there.stdout) == here


def test_the_dates_and_segments_are_the_ones_every_machine_has() -> None:
    frame = customers(SHOP, np.arange(30_000)).select("customer_id", "country", "segment", "created_at")
    assert zlib.crc32(frame.write_csv().encode()) == 3626491457


@pytest.mark.parametrize("number", [-1, 10**9])
def test_a_number_that_does_not_fit_nine_digits_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="fit 9 digits"):
        customers(SHOP, np.array([number]))


def test_the_country_is_that_of_the_region_the_number_falls_into() -> None:
    frame = customers(SHOP, np.arange(1_000))
    regions = [region.country for region in SHOP.regions]
    assert frame["country"].to_list() == [regions[number % len(regions)] for number in range(1_000)]


def test_every_city_lies_in_one_region_and_every_region_has_cities() -> None:
    numbers = np.arange(60_000)
    frame = customers(SHOP, numbers).with_columns(region=pl.Series(numbers % len(SHOP.regions)))
    places = frame.group_by("country", "city").agg(pl.col("region").n_unique())
    assert places["region"].max() == 1
    assert frame.group_by("region").agg(pl.col("city").n_unique())["city"].min() > 10  # type: ignore[operator]


@pytest.mark.parametrize("country", defaults.LOCALES)
def test_forty_regions_of_one_country_have_a_city_each(country: str) -> None:
    for seed in range(3):
        regions = tuple(Region(name=f"{country}-{number}", country=country, share=1) for number in range(40))
        frame = customers(Shop(seed=seed, regions=regions), np.arange(4_000))
        towns = frame.with_columns(region=pl.Series(np.arange(4_000) % 40)).group_by("region").agg("city")
        seen = [city for cities in towns["city"] for city in set(cities)]
        assert towns.height == 40 and len(seen) == len(set(seen))


@pytest.mark.parametrize("seed", [0, 1, 7, 2**62])
@pytest.mark.parametrize("country", defaults.LOCALES)
def test_names_of_every_country_hold_accents_apostrophes_and_commas(country: str, seed: int) -> None:
    shop = Shop(seed=seed, regions=(Region(name="all", country=country, share=1),))
    frame = customers(shop, np.arange(8_000))
    for what, pattern in MARKS.items():
        assert frame["name"].str.contains(pattern).any(), what
    for what in ("a letter beyond ASCII", "a comma"):
        assert frame["city"].str.contains(MARKS[what]).any(), what


@pytest.mark.parametrize("seed", [0, 1, 7, 2**62])
def test_cities_of_the_default_shop_hold_accents_apostrophes_and_commas(seed: int) -> None:
    cities = customers(Shop(seed=seed), np.arange(8_000))["city"]
    for what, pattern in MARKS.items():
        assert cities.str.contains(pattern).any(), what


def test_addresses_are_ascii_one_a_customer_and_under_the_domains_kept_for_examples() -> None:
    frame = customers(EVERYWHERE, np.arange(100_000))
    address = re.compile(r"[a-z][a-z.-]*[a-z]\.(\d{9})@example\.(com|org|net)")
    found = [address.fullmatch(text) for text in frame["email"]]
    assert all(found)
    assert [match[1] for match in found if match] == [text[2:] for text in frame["customer_id"]]
    assert {match[2] for match in found if match} == {"com", "org", "net"}


def test_addresses_spell_the_name_without_accents() -> None:
    frame = customers(EVERYWHERE, np.arange(60_000)).filter(
        pl.col("name").is_in(["Käthe Weiß", "Łukasz Wójcik"])
    )
    spelt = dict(frame.select("name", pl.col("email").str.extract(r"^(.*)\.\d{9}@")).iter_rows())
    assert spelt == {"Käthe Weiß": "k.weiss", "Łukasz Wójcik": "l.wojcik"}


def test_a_fifth_are_businesses_and_some_are_very_important() -> None:
    frame = customers(SHOP, np.arange(100_000))
    shares = dict(frame["segment"].value_counts(normalize=True).iter_rows())
    assert shares["business"] == pytest.approx(0.20, abs=0.01)
    assert shares["vip"] == pytest.approx(0.07, abs=0.01)
    assert set(shares) == {"consumer", "business", "vip"}


def test_businesses_are_called_like_companies_and_persons_like_persons() -> None:
    frame = customers(Shop(regions=(Region(name="all", country="DE", share=1),)), np.arange(20_000))
    company = r"GmbH|Söhne|OHG|KG|Backstube"
    called = frame.group_by("segment").agg(pl.col("name").str.contains(company).mean())
    assert dict(called.iter_rows()) == {"business": 1.0, "consumer": 0.0, "vip": 0.0}


def test_few_persons_share_a_name() -> None:
    frame = customers(SHOP, np.arange(20_000)).filter(pl.col("segment") != "business")
    assert frame["name"].n_unique() > 0.8 * frame.height


def test_accounts_are_dealt_to_regions_by_share_with_one_at_least() -> None:
    shop = Shop(
        customers=1_000,
        regions=(
            Region(name="big", country="FI", share=3),
            Region(name="small", country="SE", share=1),
            Region(name="none", country="DE", share=0),
        ),
    )
    assert pool_sizes(shop, day("2026-01-01")).tolist() == [750, 250, 1]


def test_all_accounts_are_there_on_the_anchor_day() -> None:
    sizes = pool_sizes(SHOP, day("2026-01-01"))
    assert (sizes.dtype, sizes.shape) == (np.int64, (len(SHOP.regions),))
    shares = np.array([region.share for region in SHOP.regions])
    assert sizes.tolist() == pytest.approx((SHOP.accounts * shares / shares.sum()).tolist(), abs=1)
    assert sizes.sum() == pytest.approx(SHOP.accounts, abs=len(SHOP.regions))


def test_many_days_at_once_give_a_row_each() -> None:
    days = np.arange(day("2025-10-01"), day("2026-03-01"))
    sizes = pool_sizes(SHOP, days)
    assert sizes.shape == (days.size, len(SHOP.regions))
    assert all(
        np.array_equal(row, pool_sizes(SHOP, int(each))) for each, row in zip(days, sizes, strict=True)
    )
    assert (np.diff(sizes, axis=0) >= 0).all()


@pytest.mark.parametrize(
    "shop",
    [
        SHOP,
        Shop(customers=1),
        Shop(customers=40, opened=date(2025, 6, 1)),
        Shop(customers=9_000, opened=date(2026, 1, 1)),
        Shop(customers=9_000, opened=date(2040, 1, 1)),
        Shop(customers=9_000, opened=date(1975, 1, 1), demand=Demand(anchor=date(2090, 1, 1))),
    ],
)
def test_every_account_was_opened_on_the_day_before_it_is_first_counted(shop: Shop) -> None:
    opened = (shop.opened - date(1970, 1, 1)).days
    last = max(opened, (shop.demand.anchor - date(1970, 1, 1)).days)
    days = np.arange(opened - 505, last + 3)
    sizes = pool_sizes(shop, days)
    assert sizes.min() == 1
    count = len(shop.regions)
    for region in {0, count - 1}:
        places = np.arange(sizes[-1, region])
        created = created_days(customers(shop, places * count + region))
        first_counted = days[np.searchsorted(sizes[:, region], places, side="right")]
        assert np.array_equal(created[1:], first_counted[1:] - 1)
        assert created[0] == opened - 500


def test_accounts_are_opened_at_all_times_of_the_day() -> None:
    hours = customers(SHOP, np.arange(20_000))["created_at"].dt.hour().value_counts()
    assert hours.height == 24
    assert hours["count"].min() > 600  # type: ignore[operator]


def test_a_shop_that_opens_after_the_anchor_has_its_accounts_on_the_opening_day() -> None:
    shop = Shop(customers=5_000, opened=date(2030, 1, 1), demand=Demand(anchor=date(2026, 1, 1)))
    assert pool_sizes(shop, day("2030-01-01")).sum() == pytest.approx(5_000, abs=len(shop.regions))


def test_growth_ends_forty_years_after_the_opening() -> None:
    end = date(2010, 1, 1) + timedelta(days=40 * 365)
    at_end = pool_sizes(SHOP, (end - date(1970, 1, 1)).days)
    assert (at_end > pool_sizes(SHOP, (end - date(1970, 1, 1)).days - 400)).all()
    assert np.array_equal(pool_sizes(SHOP, day("9999-12-31")), at_end)


@pytest.mark.parametrize("regions", [1, 3])
def test_the_largest_shop_never_runs_out_of_nine_digits(regions: int) -> None:
    shop = Shop(customers=200_000_000, opened=date(2026, 1, 1), regions=EVERYWHERE.regions[:regions])
    sizes = pool_sizes(shop, day("2070-01-01"))
    last = (sizes - 1) * regions + np.arange(regions)
    assert 10**9 - regions <= last.max() < 10**9
    frame = customers(shop, last)
    assert frame["customer_id"].to_list() == [f"C-{number:09d}" for number in last]
    assert frame["created_at"].max() < datetime(2070, 1, 1)  # type: ignore[operator]


def test_before_anyone_registered_each_region_has_one_account() -> None:
    assert pool_sizes(SHOP, day("1975-01-01")).tolist() == [1] * len(SHOP.regions)
