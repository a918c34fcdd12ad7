"""Draws how the tables hang together, from what the models' yml files say; `make erd` calls it.

A column that names a row of another model says so in its meta: `references: dim_products.product_id` where
that row is always there, `may_reference: …` where it may be missing. Key columns are described as "Key".

Written are docs/erd.md (Mermaid, which code hosts render) and dbt/assets/erd.svg (which dbt's documentation
site shows on its first page; needs Graphviz's `dot`).
"""

import json
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MERMAID, SVG = ROOT / "docs" / "erd.md", ROOT / "dbt" / "assets" / "erd.svg"
COLORS = {"STAGING": "#e8e8e8", "MARTS": "#cfe3f7", "ALERTS": "#fbdcc8"}


class Reference(NamedTuple):
    """A column of `child` that holds values of a column of `parent`."""

    child: str
    column: str
    parent: str
    parent_column: str
    is_certain: bool


class Table(NamedTuple):
    """A model: its schema, and of its columns those that are keys or references, with their types."""

    name: str
    schema: str
    keys: tuple[str, ...]
    columns: dict[str, str]


class Erd(NamedTuple):
    """The tables, and how they refer to each other."""

    tables: list[Table]
    references: list[Reference]

    def is_key(self, name: str, column: str) -> bool:
        """Whether a column identifies the rows of a table by itself."""
        return any(table.name == name and table.keys == (column,) for table in self.tables)


def read_erd(manifest: dict[str, Any]) -> Erd:
    """What dbt's manifest says of the models in COLORS' schemas; records that builds keep are left out.

    Raises:
        ValueError: a column refers to one that is not there.
    """
    models = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and "build" not in node["fqn"]
    ]
    known = {(node["name"], column) for node in models for column in node["columns"]}
    references = [found for node in models for found in _references(node)]
    for found in references:
        if (found.parent, found.parent_column) not in known:
            raise ValueError(f"{found.child}.{found.column} refers to {found.parent}.{found.parent_column}")
    named = {place for found in references for place in (found[:2], found[2:4])}
    tables = [_table(node, named) for node in sorted(models, key=lambda node: (node["schema"], node["name"]))]
    return Erd(tables, sorted(references))


def mermaid(erd: Erd) -> str:
    """The page with the diagram."""
    lines = []
    for found in erd.references:
        parent = "|" if erd.is_key(found.parent, found.parent_column) else "}"
        parent += "|" if found.is_certain else "o"
        child = "o|" if erd.is_key(found.child, found.column) else "o{"
        lines.append(f'    {found.parent} {parent}--{child} {found.child} : "{found.column}"')
    for table in erd.tables:
        if table.columns:
            lines.append(f"    {table.name} {{")
            for column, kind in table.columns.items():
                marks = ["PK"] * (column in table.keys)
                marks += ["FK"] * any(found[:2] == (table.name, column) for found in erd.references)
                lines.append(f"        {kind} {column} {', '.join(marks)}".rstrip())
            lines.append("    }")
    diagram = "\n".join(lines)
    return f"""# How the tables hang together

Keys and references alone; every column is described in the `.yml` beside its model. `make erd` draws this
from there.

```mermaid
erDiagram
{diagram}
```
"""


def graph(erd: Erd) -> str:
    """The same for Graphviz, a box a table in the color of its schema."""
    lines = [
        "digraph erd {",
        '  graph [rankdir=LR, bgcolor=white, nodesep=0.35, ranksep=1.1, fontname="Helvetica"]',
        '  node [shape=plain, fontname="Helvetica", fontsize=11]',
        '  edge [dir=both, arrowsize=0.8, color="#555555"]',
    ]
    for table in erd.tables:
        rows = "".join(
            f'<tr><td port="{column}" align="left">{"<b>" if column in table.keys else ""}{escape(column)}'
            f"{'</b>' if column in table.keys else ''}</td></tr>"
            for column in table.columns
        )
        lines.append(
            f'  {table.name} [label=<<table border="0" cellborder="1" cellspacing="0" cellpadding="4">'
            f'<tr><td bgcolor="{COLORS[table.schema]}"><b>{table.name}</b></td></tr>{rows}</table>>]'
        )
    for found in erd.references:
        tail = "tee" if erd.is_key(found.parent, found.parent_column) else "crow"
        tail += "tee" if found.is_certain else "odot"
        head = "teeodot" if erd.is_key(found.child, found.column) else "crowodot"
        lines.append(
            f"  {found.parent}:{found.parent_column} -> {found.child}:{found.column} "
            f"[arrowtail={tail}, arrowhead={head}]"
        )
    return "\n".join([*lines, "}"])


def _references(node: dict[str, Any]) -> list[Reference]:
    found = []
    for column in node["columns"].values():
        meta = column["config"]["meta"]
        for kind in ("references", "may_reference"):
            if kind in meta:
                parent, parent_column = meta[kind].split(".")
                found.append(
                    Reference(node["name"], column["name"], parent, parent_column, kind == "references")
                )
    return found


def _table(node: dict[str, Any], named: set[tuple[str, str]]) -> Table:
    columns = node["columns"].values()
    keys = tuple(column["name"] for column in columns if column["description"].startswith("Key"))
    shown = {
        column["name"]: (column["data_type"] or "varchar").split("(")[0]
        for column in columns
        if column["name"] in keys or (node["name"], column["name"]) in named
    }
    return Table(node["name"], node["schema"].removesuffix("_PAST"), keys, shown)


def main() -> int:
    """Draw both; exit status 1 without `dot`."""
    erd = read_erd(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    MERMAID.write_text(mermaid(erd), encoding="utf-8")
    try:
        drawn = subprocess.run(
            ["dot", "-Tsvg"], input=graph(erd), capture_output=True, text=True, check=True
        ).stdout
    except FileNotFoundError:
        print("error: no `dot` found; install Graphviz", file=sys.stderr)
        return 1
    SVG.parent.mkdir(exist_ok=True)
    SVG.write_text(drawn, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
