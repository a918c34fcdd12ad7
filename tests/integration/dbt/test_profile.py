"""The same variables reach the local stand-in and a real account, with a password or a key."""

import os

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from dbt.adapters.snowflake import SnowflakeCredentials
from dbt.config.profile import Profile
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context

from blocks.databases import DATABASES
from flows import paths


@pytest.fixture
def credentials(monkeypatch):
    """The credentials dbt reads from the profile under the variables given."""
    profiles = yaml.safe_load((paths.DBT_PROJECT / "profiles.yml").read_text())

    def under(target: str | None = None, **variables: str):
        for name in [name for name in os.environ if name.startswith(("SNOWFLAKE_", "ORDER_MONITORING_"))]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        set_invocation_context(os.environ)
        raw = profiles["order_monitoring"]
        _, rendered = Profile.render_profile(raw, "order_monitoring", target, ProfileRenderer({}))
        del rendered["type"], rendered["threads"]  # dbt's own, every adapter has them
        SnowflakeCredentials.validate(rendered)
        return SnowflakeCredentials.from_dict(rendered)

    return under


def private_key(passphrase: bytes | None = None) -> str:
    protection = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection
    ).decode()


def test_without_an_account_it_is_the_stand_in(credentials):
    found = credentials()
    assert (found.account, found.host, found.port, found.protocol) == ("local", "127.0.0.1", 8584, "http")
    assert (found.database, found.warehouse) == ("ECOMMERCE_DB", "ECOMMERCE_WH")


@pytest.mark.parametrize("environment", DATABASES)
def test_an_environment_is_a_target_with_the_database_of_its_block(credentials, environment):
    found = credentials(environment)
    assert found.database == DATABASES[environment]
    assert credentials(ORDER_MONITORING_ENV=environment) == found
    assert credentials(environment, SNOWFLAKE_DATABASE="SHOP").database == "SHOP"


def test_targets_differ_in_nothing_but_the_database(credentials):
    production, *others = (credentials(environment).to_dict() for environment in DATABASES)
    assert others
    for other in others:
        assert {name for name in production if production[name] != other[name]} == {"database"}


def test_the_target_is_productions_unless_something_names_another(credentials):
    assert credentials() == credentials("prod")
    assert credentials(ORDER_MONITORING_ENV=" ") == credentials("prod")
    assert credentials("prod", ORDER_MONITORING_ENV="dev") == credentials("prod")


def test_with_an_account_the_address_follows_from_it(credentials):
    found = credentials(SNOWFLAKE_ACCOUNT="org-shop", SNOWFLAKE_USER="dbt", SNOWFLAKE_PASSWORD="0123")
    assert found.auth_args().get("host") is None
    assert (found.account, found.port, found.protocol) == ("org-shop", 443, "https")
    assert found.auth_args()["password"] == "0123"
    assert found.auth_args()["private_key"] is None


@pytest.mark.parametrize("passphrase", ["", "a secret"])
def test_a_key_works_from_the_variable_and_from_a_file(credentials, tmp_path, passphrase):
    pem = private_key(passphrase.encode() or None)
    account = {"SNOWFLAKE_ACCOUNT": "org-shop", "SNOWFLAKE_USER": "dbt"}
    account |= {"SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": passphrase}
    from_variable = credentials(SNOWFLAKE_PRIVATE_KEY=pem, **account).auth_args()

    file = tmp_path / "key.p8"
    file.write_text(pem)
    from_file = credentials(SNOWFLAKE_PRIVATE_KEY_PATH=str(file), **account).auth_args()
    assert from_variable["private_key"] == from_file["private_key"]
    assert isinstance(from_file["private_key"], bytes)
    assert "password" not in from_file
    assert "authenticator" not in from_file


def test_variables_that_are_set_but_empty_count_as_not_set(credentials):
    names = [
        "ACCOUNT",
        "USER",
        "PASSWORD",
        "HOST",
        "PORT",
        "PROTOCOL",
        "DATABASE",
        "WAREHOUSE",
        "PRIVATE_KEY",
    ]
    found = credentials(**{f"SNOWFLAKE_{name}": "" for name in names})
    assert found == credentials()
