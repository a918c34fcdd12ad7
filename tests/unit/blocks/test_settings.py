from pathlib import Path

import pytest

from blocks.settings import EmailSettings, SnowflakeSettings, is_loopback, read_settings
from blocks.snowflake import SnowflakeEndpointCredentials
from flows.errors import InputError

SECRET = "correct-horse-battery"


def settings(monkeypatch: pytest.MonkeyPatch, **variables: str) -> tuple[SnowflakeSettings, EmailSettings]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return read_settings()


def test_an_empty_environment_means_the_local_stand_ins() -> None:
    snowflake, email = read_settings()
    assert snowflake.is_local
    assert (snowflake.host, snowflake.port, snowflake.protocol) == ("127.0.0.1", 8584, "http")
    assert (snowflake.warehouse, snowflake.database) == ("ECOMMERCE_WH", "ECOMMERCE_DB")
    assert email.is_local
    assert (email.host, email.port, email.type) == ("127.0.0.1", 8525, "INSECURE")


def test_empty_variables_count_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    snowflake, email = settings(
        monkeypatch, SNOWFLAKE_ACCOUNT="", SNOWFLAKE_PORT="", SMTP_HOST="", SMTP_PORT="", SMTP_TYPE=""
    )
    assert (snowflake, email) == (SnowflakeSettings(), EmailSettings())
    assert snowflake.is_local


@pytest.mark.parametrize(
    ("environment", "database"),
    [("prod", "ECOMMERCE_DB"), ("staging", "ECOMMERCE_STAGING"), ("dev", "ECOMMERCE_DEV")],
)
def test_an_environment_has_a_database_of_its_own_unless_a_variable_names_another(
    monkeypatch: pytest.MonkeyPatch, environment: str, database: str
) -> None:
    monkeypatch.setenv("SNOWFLAKE_DATABASE", "")
    assert read_settings(environment)[0].database == database
    monkeypatch.setenv("SNOWFLAKE_DATABASE", "SHOP_OF_ANN")
    snowflake, _ = read_settings(environment)
    assert (snowflake.database, snowflake.warehouse, snowflake.role) == ("SHOP_OF_ANN", "ECOMMERCE_WH", None)


def test_the_local_block_names_the_endpoint() -> None:
    connector = SnowflakeSettings().to_block()
    credentials = connector.credentials
    assert isinstance(credentials, SnowflakeEndpointCredentials)
    assert (credentials.host, credentials.port, credentials.protocol) == ("127.0.0.1", 8584, "http")
    assert (connector.database, connector.warehouse, connector.schema_) == (
        "ECOMMERCE_DB",
        "ECOMMERCE_WH",
        "RAW",
    )


def test_an_account_with_a_password_needs_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    snowflake, _ = settings(
        monkeypatch,
        SNOWFLAKE_ACCOUNT="org-shop",
        SNOWFLAKE_USER="PIPELINE",
        SNOWFLAKE_PASSWORD=SECRET,
        SNOWFLAKE_ROLE="LOADER",
    )
    credentials = snowflake.to_block().credentials
    assert credentials.account == "org-shop"
    assert (credentials.user, credentials.role) == ("PIPELINE", "LOADER")
    assert credentials.password.get_secret_value() == SECRET
    assert (credentials.host, credentials.port, credentials.protocol) == (None, None, None)
    assert credentials.authenticator == "snowflake"


def test_a_key_file_goes_before_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key.p8").write_text("key")
    monkeypatch.chdir(tmp_path)
    snowflake, _ = settings(
        monkeypatch,
        SNOWFLAKE_ACCOUNT="org-shop",
        SNOWFLAKE_PRIVATE_KEY_PATH="key.p8",
        SNOWFLAKE_PRIVATE_KEY_PASSPHRASE=SECRET,
        SNOWFLAKE_PASSWORD="unused",
    )
    credentials = snowflake.to_block().credentials
    assert credentials.private_key_path == tmp_path / "key.p8"
    assert credentials.private_key_passphrase.get_secret_value() == SECRET
    assert credentials.password is None
    assert credentials.authenticator == "snowflake_jwt"


def test_a_key_in_a_variable_may_write_its_lines_with_backslash_n(monkeypatch: pytest.MonkeyPatch) -> None:
    snowflake, _ = settings(
        monkeypatch,
        SNOWFLAKE_ACCOUNT="org-shop",
        SNOWFLAKE_PRIVATE_KEY=r"--BEGIN--\nabc\n--END--",
    )
    credentials = snowflake.to_block().credentials
    assert credentials.private_key.get_secret_value() == b"--BEGIN--\nabc\n--END--"
    assert credentials.authenticator == "snowflake_jwt"


def test_a_browser_login_needs_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    snowflake, _ = settings(
        monkeypatch, SNOWFLAKE_ACCOUNT="org-shop", SNOWFLAKE_AUTHENTICATOR="externalbrowser"
    )
    assert snowflake.to_block().credentials.authenticator == "externalbrowser"


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SNOWFLAKE_ACCOUNT": "org-shop"}, "SNOWFLAKE_ACCOUNT is set but no way to log in: set SNOWFLAKE_P"),
        ({"SNOWFLAKE_PRIVATE_KEY_PATH": "/no/key"}, "SNOWFLAKE_PRIVATE_KEY_PATH: no such file: /no/key"),
        ({"SNOWFLAKE_PORT": "lots"}, "SNOWFLAKE_PORT: Input should be a valid integer"),
        ({"SNOWFLAKE_PORT": "70000"}, "SNOWFLAKE_PORT: Input should be less than or equal to 65535"),
        ({"SNOWFLAKE_PROTOCOL": "ftp"}, "SNOWFLAKE_PROTOCOL: Input should be 'https' or 'http'"),
        ({"SNOWFLAKE_HOST": "warehouse.example.com"}, "allowed for loopback addresses only; use https"),
        (
            {"SNOWFLAKE_ACCOUNT": "org-shop", "SNOWFLAKE_PASSWORD": SECRET, "SNOWFLAKE_PROTOCOL": "http"},
            "SNOWFLAKE_PROTOCOL=http is allowed for loopback addresses only; use https",
        ),
        ({"SMTP_PORT": "0"}, "SMTP_PORT: Input should be greater than or equal to 1"),
        ({"SMTP_TYPE": "TLS"}, "SMTP_TYPE: Input should be 'SSL', 'STARTTLS' or 'INSECURE'"),
        (
            {"SMTP_HOST": "mail.example.com", "SMTP_TYPE": "INSECURE", "SMTP_PASSWORD": SECRET},
            "SMTP_TYPE=INSECURE is allowed for loopback addresses only; use STARTTLS or SSL",
        ),
    ],
)
def test_an_environment_that_cannot_be_used_is_refused_without_repeating_secrets(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], complaint: str
) -> None:
    for name in ("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", "SMTP_USERNAME"):
        monkeypatch.setenv(name, SECRET)
    with pytest.raises(InputError) as refusal:
        settings(monkeypatch, **variables)
    assert str(refusal.value).startswith("environment: ")
    assert complaint in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert refusal.value.exit_status == 2


@pytest.mark.parametrize(
    ("variables", "complaint"),
    [
        ({"SNOWFLAKE_AUTHENTICATOR": "magic"}, "SNOWFLAKE_AUTHENTICATOR: Input should be 'snowflake', "),
        (
            {"SNOWFLAKE_AUTHENTICATOR": "oauth"},
            "If authenticator is set to `oauth`, `token` must be",
        ),
        (
            {"SNOWFLAKE_PRIVATE_KEY": SECRET, "SNOWFLAKE_PRIVATE_KEY_PATH": __file__},
            "Do not provide both private_key and private_key_path",
        ),
    ],
)
def test_what_the_block_refuses_is_refused_without_repeating_secrets(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], complaint: str
) -> None:
    snowflake, _ = settings(monkeypatch, SNOWFLAKE_ACCOUNT="org-shop", SNOWFLAKE_PASSWORD=SECRET, **variables)
    with pytest.raises(InputError) as refusal:
        snowflake.to_block()
    assert complaint in str(refusal.value)
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"SMTP_HOST": "mail.example.com"}, ("mail.example.com", None, "STARTTLS")),
        ({"SMTP_HOST": "mail.example.com", "SMTP_PORT": "587"}, ("mail.example.com", 587, "STARTTLS")),
        ({"SMTP_HOST": "mail.example.com", "SMTP_TYPE": "SSL"}, ("mail.example.com", None, "SSL")),
        ({"SMTP_PORT": "2525"}, ("127.0.0.1", 2525, "INSECURE")),
        ({"SMTP_HOST": "localhost", "SMTP_TYPE": "STARTTLS"}, ("localhost", None, "STARTTLS")),
        ({"SMTP_HOST": "::1"}, ("::1", 8525, "INSECURE")),
    ],
)
def test_a_mail_server_elsewhere_is_reached_with_tls_by_default(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: tuple[str, int | None, str]
) -> None:
    _, email = settings(monkeypatch, **variables)
    block = email.to_block()
    assert (block.smtp_server, block.smtp_port, block.smtp_type.name) == expected
    assert block.verify is True


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


def test_no_form_of_settings_or_blocks_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    snowflake, email = settings(
        monkeypatch,
        SNOWFLAKE_ACCOUNT="org-shop",
        SNOWFLAKE_PASSWORD=SECRET,
        SMTP_HOST="mail.example.com",
        SMTP_USERNAME="shop@example.com",
        SMTP_PASSWORD=SECRET,
    )
    keyed = snowflake.model_copy(update={"private_key": snowflake.password})
    assert keyed.to_block().credentials.private_key.get_secret_value() == SECRET.encode()
    for thing in (snowflake, email, snowflake.to_block(), keyed.to_block(), email.to_block()):
        for form in (repr(thing), str(thing), str(thing.model_dump()), thing.model_dump_json(), f"{thing}"):
            assert SECRET not in form
