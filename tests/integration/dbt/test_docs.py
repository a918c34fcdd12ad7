"""What dbt tells of the project: its documentation site, the diagram in it, and whether the data is fresh."""

import json
import re
import runpy
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flows import paths
from tests.integration.dbt.shop_days import FIRST, ShopDays
from tests.integration.flows import statements

ERD = runpy.run_path(str(paths.REPOSITORY / "docs" / "draw_erd.py"))
AN_ORDER = f"O-{FIRST:%m%d}-0"
PAGE = paths.REPOSITORY / "docs" / "snowflake.md"


@pytest.fixture(scope="module")
def documented(open_shop) -> Any:
    """A shop that was built as a whole, once more after another day, and documented."""
    shop, days = open_shop(), ShopDays(5)
    shop.compiled = defaultdict(set)
    shop.execute(
        "insert into ops.alert_events (order_id, rule_id, event, as_of, recorded_at)"
        f" values ('{AN_ORDER}', 'delivery_7d', 'opened', '{FIRST}', '{FIRST + timedelta(days=1)}')"
    )
    for last in (11, 12):
        for number in range(12) if last == 11 else [last]:
            for entity, day in sorted(days.day(FIRST + timedelta(days=number))):
                shop.load(entity, [row | {"_batch_day": day} for row in days.partitions[entity, day]])
        result = shop.build(str(FIRST + timedelta(days=last)))
        assert result.success
        for node in result.result:
            if node.node.resource_type == "model":
                shop.compiled[node.node.name].add(node.node.compiled_code)
    assert shop.dbt("docs", "generate").success
    shop.target = shop.directory / "target"
    return shop


@pytest.fixture(scope="module")
def manifest(documented) -> dict[str, Any]:
    return json.loads((documented.target / "manifest.json").read_text())


@pytest.fixture(scope="module")
def models(manifest) -> dict[str, dict[str, Any]]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return {node["name"]: node for node in nodes}


def test_every_model_and_every_column_of_it_is_described_and_no_other(documented, models):
    catalog = json.loads((documented.target / "catalog.json").read_text())["nodes"]
    assert set(catalog) >= {node["unique_id"] for node in models.values()}
    for name, node in models.items():
        built = [column.lower() for column in catalog[node["unique_id"]]["columns"]]
        assert set(built) == set(node["columns"]), name
        undescribed = [column for column, told in node["columns"].items() if not told["description"].strip()]
        assert not undescribed, name
        assert "one row" in node["description"].lower(), f"{name} does not tell its grain"


def test_each_model_has_a_yml_of_its_own(models):
    for name, node in models.items():
        assert Path(node["patch_path"].split("://")[1]).stem == name


def test_the_site_shows_the_diagram_on_its_first_page(documented, manifest):
    overview = manifest["docs"]["doc.order_monitoring.__overview__"]["block_contents"]
    [image] = re.findall(r"!\[[^]]+\]\(([^)]+)\)", overview)
    assert (documented.target / image).read_bytes() == (paths.DBT_PROJECT / image).read_bytes()
    assert (documented.target / "index.html").is_file()


def test_the_diagrams_show_what_the_models_say(manifest):
    erd = ERD["read_erd"](manifest)
    assert erd.references
    assert ERD["MERMAID"].read_text() == ERD["mermaid"](erd), "run `make erd`"
    drawn = re.findall(r"<title>(.*?)</title>", ERD["SVG"].read_text())
    edges = [
        f"{found.parent}:{found.parent_column}&#45;&gt;{found.child}:{found.column}"
        for found in erd.references
    ]
    assert sorted(drawn) == sorted(["erd", *(table.name for table in erd.tables), *edges]), "run `make erd`"


def test_a_column_is_called_key_where_a_test_says_that_it_is(manifest, models):
    tested = {}
    for node in manifest["nodes"].values():
        if (node.get("test_metadata") or {}).get("name") == "primary_key":
            model = node["attached_node"].split(".")[-1]
            tested[model] = sorted(node["test_metadata"]["kwargs"]["columns"])
    assert len(tested) > 10
    for model, columns in tested.items():
        told = [name for name, column in models[model]["columns"].items() if "Key" in column["description"]]
        assert sorted(told) == columns, model


def test_what_a_column_references_is_there(documented, manifest):
    for found in ERD["read_erd"](manifest).references:
        child, parent = (
            f"{manifest['nodes'][f'model.order_monitoring.{name}']['schema']}.{name}"
            for name in (found.child, found.parent)
        )
        values = {row["v"] for row in documented.rows(f"select {found.column} as v from {child}")}
        known = {row["v"] for row in documented.rows(f"select {found.parent_column} as v from {parent}")}
        assert values & known, found
        assert not found.is_certain or values <= known, found


def test_each_models_yml_links_the_pages_its_functions_were_checked_against(documented, models):
    section = PAGE.read_text().split("\n## Functions\n")[1].split("\n## ")[0]
    pages = dict(re.findall(r"^\| `(\w+)` \| \[[^]]+\]\((\S+)\)", section, re.MULTILINE))
    assert max(len(variants) for variants in documented.compiled.values()) == 2
    for name, variants in documented.compiled.items():
        called = set().union(*(statements.functions(sql) for sql in variants))
        expected = sorted({pages[function] for function in called if function in pages})
        linked = models[name]["config"]["meta"].get("checked_against", [])
        assert linked == expected, f"{name}: {expected}"


@pytest.mark.parametrize(
    ("age", "status"),
    [(timedelta(hours=1), "pass"), (timedelta(hours=30), "warn"), (timedelta(days=3), "error")],
)
def test_source_freshness_tells_how_old_the_newest_load_is(open_shop, age, status):
    shop = open_shop()
    loaded_at = (datetime.now(UTC) - age).replace(tzinfo=None)
    shop.execute(
        "insert into ops.load_manifest"
        " (entity, batch_day, batch_id, row_count, content_hash, origin, loaded_at)"
        f" values ('orders', '{date(2024, 3, 10)}', 'b', 2, 'h', 'o', '{loaded_at}')"
    )
    result = shop.dbt("source", "freshness")
    *_hooks, found = result.result
    assert str(found.status) == status
    assert result.success == (status != "error")
