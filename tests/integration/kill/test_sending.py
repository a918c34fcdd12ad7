"""The SLA step is killed at every statement from its first reservation on, and while it sends.

Whatever it was killed at, the next run ends as an undisturbed one does: each alert was opened and told
once, and the message has arrived. It arrived twice, under the same Message-ID, only where the run was killed
between the server's yes and its own note of that.
"""

import email
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from email import policy
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL
from prefect_email import EmailServerCredentials

from blocks.settings import SnowflakeSettings
from flows.migrations import prepare
from tests.integration.flows.alert_marts import Alerts
from tests.integration.flows.mail_servers import Inbox, serving
from tests.integration.kill.lanes import Warehouse
from tests.integration.kill.mail_wire import ACCEPTED, IN_THE_MIDDLE, MailHold, mail_wired
from tests.integration.kill.rounds import Clients, comes_to_its_point, kill
from tests.integration.kill.wire import AFTER, BEFORE, Boundary, Hold, Wire, wired

BLOCK = "tests-of-killed-sending"
YESTERDAY, TODAY = date(2026, 1, 30), date(2026, 1, 31)
FLOW = "flows.alert.flow:check_sla"
PARAMETERS = {"as_of": TODAY, "warehouse_block": BLOCK, "email_block": BLOCK, "alert_to": "ops@example.com"}
FIRST_WRITE, LAST_WRITE = "begin", "commit"
_names = itertools.count(1)


@dataclass
class Database:
    """A database with a mart: of yesterday's alerts one is over today, one stays, and one is new."""

    connection: Any
    name: str
    data_dir: Path
    inbox: Inbox = field(default_factory=Inbox)
    runs: list[str] = field(default_factory=list)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.cursor().execute(sql).fetchall()]

    def told(self) -> dict[str, list[Any]]:
        """What the ledger says, without moments."""
        return {
            "events": self.rows(
                "select order_id, event, as_of, digest_id from ops.alert_events order by 1, 2, 3"
            ),
            "digests": self.rows("select digest_id, state, subject from ops.digests order by 1"),
            "lines": self.rows("select * from ops.digest_alerts order by 1, 2, 4"),
            "parts": self.rows("select digest_id from ops.digest_parts"),
        }

    def message_ids(self) -> list[str]:
        found = [
            email.message_from_bytes(one.original_content, policy=policy.SMTP) for one in self.inbox.messages
        ]
        return [message["Message-ID"] for message in found]

    def log(self) -> str:
        return "\n".join((self.data_dir / f"{name}.log").read_text() for name in self.runs)


@pytest.fixture(scope="module")
def new_database(
    warehouse: Warehouse, prefect_api: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Database]]:
    connections = ExitStack()

    def make() -> Database:
        name = f"TOLD_{next(_names)}"
        connection = connections.enter_context(warehouse.connect())
        for statement in (f"create database {name}", f"use database {name}"):
            connection.cursor().execute(statement)
        prepare(connection, "prod")
        database = Database(connection, name, tmp_path_factory.mktemp("told"))
        alerts = Alerts(database)
        alerts.stand("over", "stays")
        alerts.run(YESTERDAY)
        alerts.stand("stays", "comes")
        alerts.at(TODAY)
        return database

    with connections:
        yield make


def run(
    clients: Clients,
    warehouse: Warehouse,
    database: Database,
    hold: Hold | None = None,
    mail_hold: MailHold | None = None,
) -> tuple[int | None, Wire]:
    """The exit status of one run, which is killed where it is held."""
    name = f"{database.name}-{len(database.runs)}"
    with ExitStack() as stack:
        wire = stack.enter_context(wired(warehouse.port, hold))
        server_port = stack.enter_context(serving(database.inbox))
        mail_port = stack.enter_context(mail_wired(server_port, mail_hold))
        SnowflakeSettings(port=wire.port, database=database.name).to_block().save(BLOCK, overwrite=True)
        mail = EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=mail_port)
        mail.save(BLOCK, overwrite=True)
        process = clients.start_flow(FLOW, PREFECT_API_URL.value(), database.data_dir, name, PARAMETERS)
        database.runs.append(name)
        held = hold or mail_hold
        if held and comes_to_its_point(process, held):
            kill(process, wire)
        process.join()
    return process.exitcode, wire


@pytest.fixture(scope="module")
def undisturbed(
    clients: Clients, warehouse: Warehouse, new_database: Callable[[], Database]
) -> tuple[Database, list[Boundary]]:
    """A run that nobody disturbs, and what it asks from its first write on."""
    database = new_database()
    status, wire = run(clients, warehouse, database)
    assert status == 0, database.log()
    asked = [request.boundary for request in wire.requests]
    labels = [boundary.label for boundary in asked]
    first = next(n for n, label in enumerate(labels) if label.startswith("insert into ops.digests "))
    last = max(n for n, label in enumerate(labels) if label == LAST_WRITE)
    return database, asked[first - 1 : last + 1]


def test_the_undisturbed_run_tells_what_there_is(undisturbed: tuple[Database, list[Boundary]]) -> None:
    database, boundaries = undisturbed
    told = database.told()
    assert [(order, event) for order, event, _, _ in told["events"]] == [
        *(("comes", "notified"), ("comes", "opened")),
        *(("over", "notified"), ("over", "opened"), ("over", "resolved")),
        *(("stays", "notified"), ("stays", "opened")),
    ]
    assert [state for _, state, _ in told["digests"]] == ["sent", "sent"]
    assert told["parts"] == []
    assert len(database.message_ids()) == 1
    assert len(boundaries) >= 14
    assert sum(boundary.label == "commit" for boundary in boundaries) == 2


def test_killed_at_any_statement_the_next_run_ends_right(
    clients: Clients,
    warehouse: Warehouse,
    new_database: Callable[[], Database],
    undisturbed: tuple[Database, list[Boundary]],
) -> None:
    expected, boundaries = undisturbed
    accepted = next(n for n, one in enumerate(boundaries) if n > 0 and one.label == "begin")
    points = [(place, BEFORE) for place in range(len(boundaries))]
    points += [(place, AFTER) for place, one in enumerate(boundaries) if one.label == "commit"]
    wrong = []
    for place, when in points:
        database = new_database()
        status, _ = run(clients, warehouse, database, Hold(boundaries[place], when))
        before = len(database.message_ids())
        again, _ = run(clients, warehouse, database)
        in_the_window = place >= accepted and (place, when) != (len(boundaries) - 1, AFTER)
        problems = _problems(expected, database, (status, again), before, in_the_window)
        if problems:
            wrong.append(f"killed {when} {boundaries[place]}: {'; '.join(problems)}\n{database.log()}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.parametrize("when", [IN_THE_MIDDLE, ACCEPTED])
def test_killed_while_it_hands_the_message_over_the_next_run_ends_right(
    clients: Clients,
    warehouse: Warehouse,
    new_database: Callable[[], Database],
    undisturbed: tuple[Database, list[Boundary]],
    when: str,
) -> None:
    database = new_database()
    status, _ = run(clients, warehouse, database, mail_hold=MailHold(when))
    before = len(database.message_ids())
    again, _ = run(clients, warehouse, database)
    problems = _problems(undisturbed[0], database, (status, again), before, when == ACCEPTED)
    assert not problems, database.log()
    assert "it may have arrived, and is sent again under the same Message-ID" in database.log()


def test_two_runs_at_once_send_one_message(
    clients: Clients, warehouse: Warehouse, new_database: Callable[[], Database], undisturbed: Any
) -> None:
    database = new_database()
    with serving(database.inbox) as mail_port:
        SnowflakeSettings(port=warehouse.port, database=database.name).to_block().save(BLOCK, overwrite=True)
        mail = EmailServerCredentials(smtp_server="127.0.0.1", smtp_type="INSECURE", smtp_port=mail_port)
        mail.save(BLOCK, overwrite=True)
        database.runs += ["one", "other", "third"]
        processes = [
            clients.start_flow(FLOW, PREFECT_API_URL.value(), database.data_dir, name, PARAMETERS)
            for name in database.runs
        ]
        for process in processes:
            process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0], database.log()
    assert database.told() == undisturbed[0].told()
    assert len(database.message_ids()) == 1


def _problems(
    expected: Database, found: Database, statuses: tuple[Any, Any], before: int, in_the_window: bool
) -> list[str]:
    problems = [] if statuses == (-9, 0) else [f"the processes ended with {statuses}"]
    if before != int(in_the_window) and not (before == 1 and found.told() == expected.told()):
        problems.append(f"{before} message(s) had arrived before")
    arrived = found.message_ids()
    if len(arrived) != 1 + in_the_window or len(set(arrived)) != 1:
        problems.append(f"arrived: {arrived}")
    problems += [
        f"{name}: {found.told()[name]} instead of {rows}"
        for name, rows in expected.told().items()
        if found.told()[name] != rows
    ]
    return problems
