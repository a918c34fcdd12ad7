"""The set-up script under the names of another environment: nothing of production's is left in it."""

import re

import pytest

from blocks.databases import DATABASES
from blocks.setup import PRODUCTIONS, SCRIPT, main, script
from flows.environments import NAMES

TEXT = SCRIPT.read_text(encoding="utf-8")


def statements(text: str) -> str:
    return re.sub(r"--[^\n]*", "", text).lower()


def words(text: str) -> list[str]:
    return re.findall(r"[\w$]+", text.lower())


@pytest.mark.parametrize("environment", ["staging", "dev"])
def test_no_name_of_productions_remains_in_another_environments_script(environment: str) -> None:
    assert set(PRODUCTIONS) <= set(words(statements(TEXT)))
    assert not set(PRODUCTIONS) & set(words(script(environment)))


@pytest.mark.parametrize("environment", ["staging", "dev"])
def test_nothing_else_is_changed(environment: str) -> None:
    renamed = words(statements(script(environment)))
    assert len(renamed) == len(words(statements(TEXT)))
    changed = {(was, now) for was, now in zip(words(statements(TEXT)), renamed, strict=True) if was != now}
    assert changed == {
        ("ecommerce_db", f"ecommerce_{environment}"),
        ("ecommerce_wh", f"ecommerce_{environment}_wh"),
        ("order_pipeline", f"order_pipeline_{environment}"),
        ("order_reader", f"order_reader_{environment}"),
    }


def test_everything_an_account_has_only_one_of_gets_another_name() -> None:
    made = re.findall(r"create (?:role|user|warehouse|database) if not exists (\w+)", statements(TEXT))
    assert set(made) == set(PRODUCTIONS)


def test_productions_script_is_the_file_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--env", "prod"]) == 0
    assert capsys.readouterr().out == TEXT


def test_each_environment_has_a_database_of_its_own() -> None:
    assert tuple(DATABASES) == NAMES
    assert f"create database if not exists {DATABASES['prod'].lower()}\n" in statements(TEXT)
    for environment, database in DATABASES.items():
        assert f"create database if not exists {database.lower()}\n" in statements(script(environment))


def test_several_developers_have_a_database_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--env", "dev", "--database", "ECOMMERCE_DEV_ANN"]) == 0
    printed = capsys.readouterr().out
    assert "SNOWFLAKE_DATABASE=ECOMMERCE_DEV_ANN" in printed
    assert "create schema if not exists ecommerce_dev_ann.raw\n" in printed
    assert not {"ecommerce_dev", *PRODUCTIONS} & set(words(printed))


def test_the_environment_of_the_shell_is_the_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDER_MONITORING_ENV", "staging")
    assert main([]) == 0
    assert "create database if not exists ecommerce_staging\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--env", "test"], "argument --env: invalid choice: 'test'"),
        (
            ["--env", "dev", "--database", "ecommerce_db"],
            "environment dev: ecommerce_db is the database of prod",
        ),
        (["--env", "prod", "--database", "ECOMMERCE_DEV"], "prod: ECOMMERCE_DEV is the database of dev"),
        (["--env", "dev", "--database", "a; drop b"], "environment dev: 'a; drop b' cannot name a database"),
    ],
)
def test_a_name_that_cannot_be_used_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert complaint in err
    assert err.count("\n") == 1
