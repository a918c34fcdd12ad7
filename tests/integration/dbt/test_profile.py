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

from flows import paths


@pytest.fixture
def credentials(monkeypatch):
    """The credentials dbt reads from the profile under the variables given."""
    profiles = yaml.safe_load((paths.DBT_PROJECT / "profiles.yml").read_text())

    def under(**variables: str):
        for name in [name for name in os.environ if name.startswith("SNOWFLAKE_")]:
            monkeypatch.delenv(name)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        set_invocation_context(os.environ)
        raw = profiles["order_monitoring"]
        _, rendered = Profile.render_profile(raw, "order_monitoring", None, ProfileRenderer({}))
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
