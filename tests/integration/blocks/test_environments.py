"""Each environment's blocks under its own names, and no database under two of them."""

import os
import subprocess
import sys
from pathlib import Path

import prefect.settings
import pytest
from prefect_snowflake import SnowflakeConnector, SnowflakeCredentials

from blocks.load import load_email, load_warehouse
from blocks.names import webhook_blocks
from blocks.register import main, register_blocks
from blocks.settings import EmailSettings, SnowflakeSettings
from flows.environments import Environment
from flows.errors import BlockError, InputError
from flows.paths import REPOSITORY

SECRET = "correct-horse-battery"
PROD, STAGING, DEV = map(Environment, ("prod", "staging", "dev"))


@pytest.fixture(autouse=True)
def own_prefect(no_blocks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line finds the tests' server as a user's own."""
    monkeypatch.setenv("PREFECT_API_URL", prefect.settings.PREFECT_API_URL.value())
    monkeypatch.setenv("SNOWFLAKE_PASSWORD", SECRET)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(arguments)
    out, err = capsys.readouterr()
    assert SECRET not in out + err
    return status, out, err


def is_missing(name: str) -> bool:
    try:
        load_warehouse(name)
    except BlockError:
        return True
    return False


def register(environment: Environment, *, overwrite: bool = False, **settings: str) -> None:
    snowflake = SnowflakeSettings(password=SECRET, **settings)
    register_blocks(snowflake, EmailSettings(), overwrite=overwrite, environment=environment)


@pytest.mark.parametrize(
    ("arguments", "variable", "database", "ending"),
    [
        ([], "", "ECOMMERCE_DB", ""),
        (["--env", "prod"], "dev", "ECOMMERCE_DB", ""),
        (["--env", "staging"], "", "ECOMMERCE_STAGING", "-staging"),
        ([], "dev", "ECOMMERCE_DEV", "-dev"),
    ],
)
def test_an_environments_blocks_have_its_names_and_its_database(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    variable: str,
    database: str,
    ending: str,
) -> None:
    monkeypatch.setenv("ORDER_MONITORING_ENV", variable)
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"https://hooks.slack.com/services/T0/B0/{SECRET}")
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        f"snowflake-connector/ecommerce-warehouse{ending}: created",
        f"email-server-credentials/sla-email{ending}: created",
        f"slack-webhook/sla-slack{ending}: created",
    ]
    environment = ending.removeprefix("-") or "prod"
    assert load_warehouse(Environment(environment).warehouse_block).database == database
    assert load_email(Environment(environment).email_block).smtp_server == "127.0.0.1"
    assert webhook_blocks(environment)[0] == f"sla-slack{ending}"


def test_an_environment_that_there_is_not_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments, variable in ((["--env", "test"], ""), ([], "test"), (["--check"], "test")):
        monkeypatch.setenv("ORDER_MONITORING_ENV", variable)
        status, out, err = run(capsys, *arguments)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert err.startswith("error: ")
        assert "'test'" in err
        assert "prod" in err
        assert "staging" in err


@pytest.mark.parametrize(
    ("environment", "database", "owner"),
    [
        ("dev", "ECOMMERCE_DB", "prod"),
        ("staging", "ecommerce_db", "prod"),
        ("dev", '"Ecommerce_DB"', "prod"),
        ("dev", "ECOMMERCE_STAGING", "staging"),
        ("prod", "ecommerce_dev", "dev"),
    ],
)
def test_the_default_database_of_another_environment_is_refused_and_nothing_written(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    environment: str,
    database: str,
    owner: str,
) -> None:
    monkeypatch.setenv("SNOWFLAKE_DATABASE", database)
    status, out, err = run(capsys, "--env", environment, "--overwrite")
    assert (status, out) == (2, "")
    assert err.startswith(f"error: environment {environment}: database {database} is {owner}'s; ")
    assert err.count("\n") == 1
    assert is_missing(Environment(environment).warehouse_block)


@pytest.mark.parametrize(
    ("first", "second"), [(PROD, DEV), (PROD, STAGING), (DEV, PROD), (STAGING, DEV)], ids=lambda one: one.name
)
def test_a_database_that_another_environments_block_names_is_refused(
    first: Environment, second: Environment
) -> None:
    register(first, account="my_org-shop", database="SHOP")
    with pytest.raises(InputError) as refusal:
        register(second, account="MY-ORG-SHOP", database="shop")
    assert str(refusal.value).startswith(
        f"environment {second.name}: database shop of account MY-ORG-SHOP is {first.name}'s, in block "
        f"snowflake-connector/{first.warehouse_block}; "
    )
    assert is_missing(second.warehouse_block)


def test_a_block_that_exists_is_not_turned_to_another_environments_database() -> None:
    register(PROD, account="org-shop", database="SHOP")
    register(DEV, account="org-shop", database="SHOP_OF_ANN")
    with pytest.raises(InputError):
        register(DEV, account="org-shop", database="SHOP", overwrite=True)
    assert load_warehouse(DEV.warehouse_block).database == "SHOP_OF_ANN"


def test_a_block_made_by_hand_counts_as_well() -> None:
    stock = SnowflakeCredentials(account="org-shop", user="me", password=SECRET)
    connector = SnowflakeConnector(credentials=stock, database="SHOP", warehouse="W", schema="RAW")
    connector.save(PROD.warehouse_block)
    with pytest.raises(InputError, match=r"^environment dev: database Shop of account ORG-SHOP is prod's"):
        register(DEV, account="ORG-SHOP", database="Shop")


def test_the_check_says_that_a_block_was_turned_to_another_environments_database(
    capsys: pytest.CaptureFixture[str],
) -> None:
    register(PROD, account="org-shop", database="SHOP")
    SnowflakeSettings(account="org-shop", database="SHOP", password=SECRET).to_block().save(
        DEV.warehouse_block
    )
    status, out, _ = run(capsys, "--env", "dev", "--check")
    assert status == 1
    assert out.startswith(
        "snowflake-connector/ecommerce-warehouse-dev: FAILED: environment dev: database SHOP of account "
        "org-shop is prod's, in block snowflake-connector/ecommerce-warehouse; "
    )


def test_equal_names_on_different_accounts_are_different_databases() -> None:
    register(PROD, account="org-shop", database="SHOP")
    register(DEV, account="org-sandbox", database="SHOP")
    assert load_warehouse(DEV.warehouse_block).credentials.account == "org-sandbox"


def test_an_environments_own_block_may_be_written_again() -> None:
    register(DEV, account="org-shop", database="SHOP_OF_ANN")
    register(DEV, account="org-shop", database="SHOP_OF_ANN", overwrite=True)
    assert load_warehouse(DEV.warehouse_block).database == "SHOP_OF_ANN"


def test_a_missing_block_says_how_to_register_that_environments() -> None:
    with pytest.raises(BlockError, match=r"run `python -m blocks\.register --env dev`"):
        load_warehouse(DEV.warehouse_block)
    with pytest.raises(BlockError, match=r"run `python -m blocks\.register`"):
        load_warehouse(PROD.warehouse_block)


@pytest.mark.parametrize(
    ("environment", "variable", "expected"),
    [
        ("None", "", "ecommerce-warehouse ECOMMERCE_DB"),
        ("None", "staging", "ecommerce-warehouse-staging ECOMMERCE_STAGING"),
        ("'dev'", "staging", "ecommerce-warehouse-dev ECOMMERCE_DEV"),
        ("Environment('dev')", "", "ecommerce-warehouse-dev ECOMMERCE_DEV"),
    ],
)
def test_a_session_of_its_own_has_the_environments_blocks(
    data_dir: Path, environment: str, variable: str, expected: str
) -> None:
    code = f"""
from flows.environments import Environment
from local.session import isolated_session
with isolated_session(print, lambda connector: print("database", connector.database), {environment}):
    from blocks.load import load_warehouse
    name = {expected.split()[0]!r}
    print(name, load_warehouse(name).database)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=REPOSITORY,
        env={**os.environ, "PREFECT_API_URL": "", "ORDER_MONITORING_ENV": variable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[1:] == [f"database {expected.split()[1]}", expected]
