import gzip
import http.client
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.integration.local.stand_ins import REPOSITORY, START_SECONDS, StandIn

# the server of these tests answers "in progress" after 0.2 s; this takes one or two seconds
LONG = "select count(*) from range(2000) a, range(100000) b where (a.range * 7 + b.range) % 11 = 3"
LONG_ANSWER = sum(len(range((3 - 7 * a) % 11, 100000, 11)) for a in range(2000))
ENDLESS = "select count(*) from range(10000000) a, range(10000000) b where (a.range * 7 + b.range) % 11 = 3"

Connect = Callable[..., SnowflakeConnection]


class Client:
    """The connector's protocol by hand, to see the single answers."""

    def __init__(self, warehouse: StandIn, session: SnowflakeConnection) -> None:
        self.http = http.client.HTTPConnection("127.0.0.1", warehouse.port, timeout=START_SECONDS)
        self.headers = {
            "Authorization": f'Snowflake Token="{session.rest.token}"',
            "Content-Encoding": "gzip",
        }

    def post(self, sql: str, request_id: str) -> dict[str, Any]:
        body = gzip.compress(json.dumps({"sqlText": sql}).encode())
        return self._answer("POST", f"/queries/v1/query-request?requestId={request_id}", body)

    def get(self, path: str) -> dict[str, Any]:
        return self._answer("GET", path, None)

    def _answer(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        self.http.request(method, path, body, self.headers)
        return json.load(self.http.getresponse())


def test_a_long_statement_arrives_as_if_it_were_short(connect: Connect) -> None:
    assert connect().cursor().execute(LONG).fetchall() == [(LONG_ANSWER,)]


def test_a_long_statement_is_answered_in_progress_and_its_result_served_later(
    warehouse: StandIn, connect: Connect
) -> None:
    client = Client(warehouse, connect())
    answer = client.post(LONG, str(uuid.uuid4()))
    assert answer["code"] == "333334"
    polls = 0
    while answer.get("code") == "333334":
        answer = client.get(answer["data"]["getResultUrl"])
        polls += 1
        assert polls < 10 * START_SECONDS
    assert answer["success"]
    assert answer["data"]["total"] == 1


def test_the_same_request_sent_again_does_not_run_again(warehouse: StandIn, connect: Connect) -> None:
    session = connect()
    session.cursor().execute("create table t (id int)")
    client = Client(warehouse, session)
    request_id = str(uuid.uuid4())
    answers = [client.post("insert into t values (1)", request_id) for _ in range(3)]
    assert [answer["success"] for answer in answers] == [True] * 3
    assert session.cursor().execute("select count(*) from t").fetchall() == [(1,)]


def test_a_long_statement_that_fails_says_why(connect: Connect) -> None:
    with pytest.raises(ProgrammingError, match="Could not convert"):
        connect().cursor().execute(
            f"select ('x' || n)::int from ({LONG.replace('count(*)', 'count(*) as n')})"
        )


def test_a_long_asynchronous_statement_can_be_waited_for(connect: Connect) -> None:
    session = connect()
    cursor = session.cursor()
    cursor.execute_async(LONG)
    query_id = cursor.sfqid
    polls = 0
    while session.is_still_running(session.get_query_status_throw_if_error(query_id)):
        polls += 1
        assert polls < 1000 * START_SECONDS
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchall() == [(LONG_ANSWER,)]


def test_a_statement_can_be_cancelled_by_its_timeout(connect: Connect) -> None:
    session = connect()
    with pytest.raises(ProgrammingError, match="cancel"):
        session.cursor().execute(ENDLESS, timeout=1)
    assert session.cursor().execute("select 1").fetchall() == [(1,)]


def test_a_client_killed_in_a_transaction_does_not_block_others(warehouse: StandIn, connect: Connect) -> None:
    session = connect()
    session.cursor().execute("create table t as select 1 as id")
    script = (
        "import sys; from tests.integration.local.stand_ins import *;"
        "stand_in = StandIn(None, None, int(sys.argv[1]), '');"
        "cursor = connect_to(stand_in, schema=sys.argv[2]).cursor();"
        "cursor.execute('begin'); cursor.execute('delete from t');"
        "print('deleted', flush=True); sys.stdin.read()"
    )
    client = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script, str(warehouse.port), str(session.schema)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
        text=True,
    )
    with client:
        assert client.stdout
        assert client.stdout.readline() == "deleted\n"
        with pytest.raises(ProgrammingError) as conflict:
            session.cursor().execute("delete from t")
        assert conflict.value.errno == 625
        client.send_signal(signal.SIGKILL)
    assert eventually(lambda: session.cursor().execute("delete from t").fetchall()) == [(1,)]


def eventually(attempt: Callable[[], Any]) -> Any:
    """The first answer that is not a conflict; each attempt waits on the server for the other transaction."""
    for _ in range(START_SECONDS):
        try:
            return attempt()
        except ProgrammingError as error:
            assert error.errno == 625
    raise AssertionError("the killed client's transaction is still open")
