from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.ingest import hashes
from flows.ingest.references import References
from flows.tables import ENTITIES


def customers(*ids: str | None) -> pl.DataFrame:
    return pl.DataFrame({"customer_id": pl.Series(ids, dtype=pl.String)})


def orders(*of: str | None) -> pl.DataFrame:
    """Orders of these customers."""
    return pl.DataFrame({"customer_id": pl.Series(of, dtype=pl.String)})


def unknown(references: References, *of: str | None) -> list[int]:
    return references.unknown("orders", "customer_id", orders(*of)).to_list()


def test_rows_that_name_what_is_not_there_are_found() -> None:
    with References(ENTITIES) as references:
        references.know("customers", customers("a", "b"))
        references.know("customers", customers("c", "a"))
        assert unknown(references, "c", "x", "a", "y", "x") == [1, 3, 4]
        assert unknown(references, "a", "b", "c") == []
        assert references.late("orders", "customer_id") == 0


def test_where_there_is_nothing_everything_is_unknown() -> None:
    with References(ENTITIES) as references:
        assert unknown(references, "a", "b") == [0, 1]
        references.know("customers", customers())
        assert unknown(references) == []


@pytest.mark.parametrize("known", [["a"], ["a", None]], ids=str)
def test_what_is_not_said_names_nothing_and_is_not_asked_for(known: list[str | None]) -> None:
    with References(ENTITIES) as references:
        references.know("customers", customers(*known))
        assert unknown(references, None, "x", None, "a", None, "y") == [1, 5]


@pytest.mark.parametrize(
    ("there", "entity", "columns"),
    [
        (ENTITIES, "orders", {"customer_id": "customers", "product_id": "products"}),
        (ENTITIES, "deliveries", {"order_id": "orders"}),
        (ENTITIES, "customers", {}),
        (("products", "orders"), "orders", {"product_id": "products"}),
        (("orders",), "orders", {}),
        (("deliveries",), "deliveries", {}),
        ((), "orders", {}),
    ],
    ids=str,
)
def test_only_references_to_what_the_source_has_are_looked_at(
    there: tuple[str, ...], entity: str, columns: dict[str, str]
) -> None:
    assert References(there).columns(entity) == columns


def test_what_nobody_can_name_is_not_remembered() -> None:
    with References(["customers", "deliveries"]) as references:
        references.know("customers", customers("a"))
        references.know("deliveries", pl.DataFrame({"delivery_id": ["d"]}))


IDS = st.sampled_from([f"id-{number}" for number in range(30)])


@settings(deadline=None)
@given(st.lists(IDS, max_size=60), st.lists(IDS, max_size=60), st.integers(0, 40), st.integers(1, 30))
def test_however_few_ids_are_remembered_all_unknown_ones_are_counted(
    there: list[str], named: list[str], in_memory: int, size: int
) -> None:
    late = 0
    with pytest.MonkeyPatch.context() as patch, References(ENTITIES, in_memory=in_memory) as references:
        patch.setattr(hashes, "WRITTEN_AT_ONCE", 10)
        for start in range(0, len(there), size):
            references.know("customers", customers(*there[start : start + size]))
        found = []
        for start in range(0, len(named), size):
            rows = unknown(references, *named[start : start + size])
            found += [named[start + row] for row in rows]
        late = references.late("orders", "customer_id")
    missing = [name for name in named if name not in there]
    if len(set(there)) <= in_memory:
        assert (found, late) == (missing, 0)
    else:
        assert (found, late) == ([], len(missing))


@pytest.mark.parametrize("in_memory", [0, 100])
def test_an_entity_that_begins_again_is_as_if_it_had_not_come(in_memory: int) -> None:
    with References(ENTITIES, in_memory=in_memory) as references:
        references.know("customers", customers("a", "b"))
        references.forget("customers")
        references.know("customers", customers("a"))
        unknown(references, "b", "b")
        references.forget("orders")
        found = unknown(references, "a", "b")
        assert len(found) + references.late("orders", "customer_id") == 1


def test_of_many_ids_every_one_is_told_apart() -> None:
    known = pl.int_range(0, 50_000, eager=True).cast(pl.String)
    named = pl.int_range(25_000, 75_000, eager=True).cast(pl.String)
    for in_memory in (100_000, 10_000):
        with References(ENTITIES, in_memory=in_memory) as references:
            for start, end in pairwise(range(0, 50_001, 5_000)):
                references.know("customers", pl.DataFrame({"customer_id": known[start:end]}))
            rows = references.unknown("orders", "customer_id", pl.DataFrame({"customer_id": named}))
            assert len(rows) + references.late("orders", "customer_id") == 25_000
