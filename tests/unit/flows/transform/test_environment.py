import os
from pathlib import Path

import pytest
from prefect_snowflake import SnowflakeConnector, SnowflakeCredentials

from blocks.settings import SnowflakeSettings
from flows.transform.environment import connection_variables, dbt_variables


def test_the_values_of_the_block_are_handed_over() -> None:
    settings = SnowflakeSettings(port=1234, password="local-password", role="LOADER")
    assert dbt_variables(settings.to_block()) == {
        "SNOWFLAKE_ACCOUNT": "local",
        "SNOWFLAKE_USER": "local",
        "SNOWFLAKE_PASSWORD": "local-password",
        "SNOWFLAKE_PRIVATE_KEY": "",
        "SNOWFLAKE_PRIVATE_KEY_PATH": "",
        "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "",
        "SNOWFLAKE_AUTHENTICATOR": "",
        "SNOWFLAKE_ROLE": "LOADER",
        "SNOWFLAKE_WAREHOUSE": "ECOMMERCE_WH",
        "SNOWFLAKE_DATABASE": "ECOMMERCE_DB",
        "SNOWFLAKE_HOST": "127.0.0.1",
        "SNOWFLAKE_PORT": "1234",
        "SNOWFLAKE_PROTOCOL": "http",
        "SNOWFLAKE_QUERY_TAG": "dbt-build",
    }


def test_a_key_is_handed_over_as_text() -> None:
    settings = SnowflakeSettings(account="org-shop", private_key="PEM", private_key_passphrase="words")
    variables = dbt_variables(settings.to_block())
    assert variables["SNOWFLAKE_PRIVATE_KEY"] == "PEM"
    assert variables["SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"] == "words"
    assert variables["SNOWFLAKE_AUTHENTICATOR"] == "snowflake_jwt"
    assert variables["SNOWFLAKE_PASSWORD"] == ""


def test_the_path_of_a_key_is_handed_over(tmp_path: Path) -> None:
    (tmp_path / "key.p8").touch()
    settings = SnowflakeSettings(account="org-shop", private_key_path=tmp_path / "key.p8")
    assert dbt_variables(settings.to_block())["SNOWFLAKE_PRIVATE_KEY_PATH"] == str(tmp_path / "key.p8")


def test_what_a_stock_block_leaves_open_is_empty_and_never_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("HOST", "PORT", "PROTOCOL", "ROLE", "PRIVATE_KEY", "PRIVATE_KEY_PATH", "AUTHENTICATOR")
    for name in names:
        monkeypatch.setenv(f"SNOWFLAKE_{name}", "of another account")
    block = SnowflakeConnector(
        credentials=SnowflakeCredentials(account="org-shop", user="me", password="word"),
        database="D",
        warehouse="W",
        schema="RAW",
    )
    variables = dbt_variables(block)
    assert [variables[f"SNOWFLAKE_{name}"] for name in names] == [""] * len(names)
    with connection_variables(variables):
        assert os.environ["SNOWFLAKE_HOST"] == ""
        assert os.environ["SNOWFLAKE_DATABASE"] == "D"


def test_every_variable_the_profile_reads_is_handed_over() -> None:
    import re

    from flows.paths import DBT_PROJECT

    profile = (DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8")
    read = set(re.findall(r"SNOWFLAKE_\w+", re.sub(r"(?m)^\s*#.*", "", profile)))
    assert read
    assert read <= set(dbt_variables(SnowflakeSettings().to_block()))


@pytest.mark.parametrize("trouble", [None, RuntimeError])
def test_the_environment_is_as_before_afterwards(
    monkeypatch: pytest.MonkeyPatch, trouble: type[Exception] | None
) -> None:
    monkeypatch.setenv("SNOWFLAKE_ROLE", "MINE")
    monkeypatch.delenv("SNOWFLAKE_HOST", raising=False)
    before = dict(os.environ)
    try:
        with connection_variables({"SNOWFLAKE_ROLE": "", "SNOWFLAKE_HOST": "127.0.0.1"}):
            assert (os.environ["SNOWFLAKE_ROLE"], os.environ["SNOWFLAKE_HOST"]) == ("", "127.0.0.1")
            if trouble:
                raise trouble
    except RuntimeError:
        pass
    assert dict(os.environ) == before
