"""A copy of the dbt project whose seeds are written anew for each build, and what builds say of them."""

import csv
import shutil
from pathlib import Path

from flows import paths

Rows = list[dict[str, str]]


class SeedFile:
    """One seed of a copy of the project."""

    def __init__(self, project: Path, name: str):
        if not project.exists():
            shutil.copytree(paths.DBT_PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
        self.project = project
        self.path = project / "seeds" / f"{name}.csv"
        with self.path.open(newline="") as file:
            self.delivered = list(csv.DictReader(file))

    def write(self, rows: Rows, without: str | None = None) -> None:
        columns = [column for column in self.delivered[0] if column != without]
        with self.path.open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def build(self, shop, rows: Rows, *arguments: str, without: str | None = None):
        self.write(rows, without)
        return shop.build(None, *arguments, project=self.project)


def statuses(result) -> dict[str, str]:
    return {node.node.name: str(node.status) for node in result.result}


def named(shop, result, test: str) -> dict[str, set[str]]:
    """What the rows say that a failed test has stored: problems by rule."""
    [node] = [node for node in result.result if node.node.name == test]
    assert node.status == "fail", node.message
    assert node.node.relation_name.lower().replace('"', "").endswith(f".test_failures.{test}")
    problems: dict[str, set[str]] = {}
    for row in shop.rows(f"select rule_id, problem from {node.node.relation_name}"):
        problems.setdefault(row["rule_id"], set()).add(row["problem"])
    return problems
