"""Every statement that whole runs send is Snowflake's, and docs/snowflake.md says where that is written."""

import gzip
import io
import json
import logging
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from prefect_email import EmailServerCredentials
from prefect_snowflake import SnowflakeConnector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.util_text import split_statements

from blocks.settings import SnowflakeSettings
from flows.alert.answers import Which, answer
from flows.alert.story import print_open, print_story
from flows.errors import InputError, TransformError
from flows.ingest.transaction import begun
from flows.main import ecommerce_pipeline
from flows.warehouse import connect, rows
from tests.integration.flows import statements
from tests.integration.flows.mail_servers import Inbox, serving
from tests.integration.flows.network import network_to
from tests.integration.local.stand_ins import StandIn

BLOCK = "tests-of-the-statements-sent"
DAY, DAYS = date(2026, 1, 14), 14
PAGE = Path("docs/snowflake.md")
SETUP = Path("blocks/snowflake_setup.sql")
A_TEST = "every_loaded_day_holds_the_rows_its_manifest_counts"


@pytest.fixture(scope="module")
def sent(
    new_connector: Callable[[], SnowflakeConnector],
    pipeline_warehouse: StandIn,
    data_root: Path,
    prefect_api: None,
) -> list[str]:
    """All that is sent by a first run, one with more days, a look back and a load that fail, and answers."""
    connector = new_connector()
    inbox = Inbox()
    with (
        network_to(pipeline_warehouse.port) as network,
        serving(inbox) as mail_port,
        connect(connector) as aside,
    ):
        said: list[str] = []

        def listen(path: str, body: bytes) -> None:
            if path.startswith("/queries/v1/query-request"):
                said.append(json.loads(gzip.decompress(body))["sqlText"])

        network.cut_at = listen
        warehouse = SnowflakeSettings(port=network.port, database=connector.database).to_block()
        warehouse.save(BLOCK, overwrite=True)
        EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=mail_port).save(
            BLOCK, overwrite=True
        )

        run(DAY)
        assert len(inbox.messages) == 1
        with connect(warehouse) as connection:
            look_and_answer(connection)
        # what an earlier failure stored, and a table from before it had all its columns
        rows(aside, f"create table test_failures.{A_TEST} (entity varchar)")
        rows(aside, "alter table staging.stg_products drop column weight_kg")
        run(DAY, days=DAYS + 1)

        rows(aside, "update ops.load_manifest set row_count = row_count + 1")
        with pytest.raises(TransformError, match=A_TEST):
            run(DAY - timedelta(days=1))
        with connect(warehouse) as connection, pytest.raises(KeyError), begun(connection):
            raise KeyError
    return said


def run(as_of: date, days: int = DAYS) -> None:
    ecommerce_pipeline(
        as_of,
        days,
        orders_per_day=40,
        alert_to="ops@example.com",
        warehouse_block=BLOCK,
        email_block=BLOCK,
    )


def look_and_answer(connection: SnowflakeConnection) -> None:
    """Everything that can be asked of alerts, and answered to them, also what is refused."""
    print_open(connection, Which(), limit=1)
    ((order, carrier),) = rows(
        connection, "select order_id, carrier from alerts.sla_alerts where carrier is not null limit 1"
    )
    print_story(connection, order)
    answer(connection, "snooze", Which(order=order), "Ann", until=DAY + timedelta(days=9))
    answer(connection, "unsnooze", Which(carrier=carrier), "Ann")
    answer(connection, "ack", Which(digest=f"{DAY}/default/email"), "Ann", "all of them")
    for unknown in (Which(order="?"), Which(rule="?"), Which(carrier="?"), Which(digest="?")):
        with pytest.raises(InputError):
            answer(connection, "ack", unknown, "Ann")


@pytest.fixture(scope="module")
def setup() -> list[str]:
    """What is run on an account once, by hand."""
    script = io.StringIO(SETUP.read_text(encoding="utf-8"))
    found = [statement for statement, _ in split_statements(script, remove_comments=True)]
    return [statement for statement in found if statement.strip()]


@pytest.fixture(scope="module")
def examples(sent: list[str], setup: list[str]) -> dict[str, dict[str, str]]:
    """Under each heading of the page: what is sent, with the first statement that has it."""
    found: dict[str, dict[str, str]] = {"Statements": {}, "Functions": {}, "Clauses and types": {}}
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it tells of each statement it has no model of
    for statement in {statements.shape(sql): sql for sql in reversed(sent + setup)}.values():
        tree = statements.parse(statement)
        found["Statements"][statements.kind(tree)] = statement
        found["Functions"].update(dict.fromkeys(statements.functions(statement), statement))
        found["Clauses and types"].update(dict.fromkeys(statements.clauses(tree), statement))
    return found


def listed(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their names; each has its other cells."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| `")]
    return {cells[0].strip("`"): cells[1:] for cells in table}


HEADINGS = pytest.mark.parametrize("heading", ["Statements", "Functions", "Clauses and types"])


@HEADINGS
def test_whatever_is_sent_was_looked_up(examples: dict[str, dict[str, str]], heading: str) -> None:
    unknown = [
        f"{name}: look it up in Snowflake's documentation, add it to {PAGE} under {heading}. It is in\n{sql}"
        for name, sql in examples[heading].items()
        if name not in listed(heading)
    ]
    assert not unknown, "\n\n".join(unknown)


@HEADINGS
def test_nothing_is_listed_that_is_not_sent(examples: dict[str, dict[str, str]], heading: str) -> None:
    unsent = listed(heading).keys() - examples[heading].keys()
    assert not unsent, f"nothing sends these any more; take them out of {PAGE}: {', '.join(sorted(unsent))}"


@HEADINGS
def test_each_row_links_the_page_it_was_checked_against(heading: str) -> None:
    link = re.compile(r"\[[^]]+\]\(https://docs\.snowflake\.com/en/[\w/-]+\)")
    rows_without = [name for name, cells in listed(heading).items() if not link.fullmatch(cells[-2])]
    assert not rows_without
    assert all(remark for *_, remark in listed(heading).values())


def test_every_statement_is_in_snowflakes_grammar(sent: list[str], setup: list[str]) -> None:
    forms = {part: sql for sql in sent for part in statements.parts(statements.shape(sql))}
    forms |= {statement: statement for statement in setup}
    wrong = [
        f"{reason}\nin {part}\nof {forms[part]}"
        for part, reason in statements.outside_the_grammar(forms).items()
    ]
    assert not wrong, "\n\n".join(wrong)


def test_no_name_in_quotes_has_small_letters(sent: list[str]) -> None:
    """Snowflake would take it for another name than the one without quotes."""
    small = {name: sql for sql in sent for name in statements.quoted_names(sql) if name != name.upper()}
    assert not small


def test_a_condition_takes_a_query_only_where_snowflake_does(sent: list[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-subquery: "only in a WHERE", and not in an OR."""
    distinct = {statements.shape(sql): sql for sql in sent}.values()
    misplaced = [
        found.parent.sql("snowflake")
        for sql in distinct
        for found in statements.misplaced_queries(statements.parse(sql))
    ]
    assert not misplaced, "\n".join(misplaced)
