import socket

import pytest
from prefect.client.orchestration import get_client
from prefect_email import EmailServerCredentials
from prefect_snowflake import SnowflakeConnector, SnowflakeCredentials

from blocks.load import load_email, load_slack, load_teams, load_warehouse, load_webhook
from blocks.names import (
    EMAIL_BLOCK,
    EMAIL_SLUG,
    SLACK_BLOCK,
    SLACK_TYPE,
    TEAMS_BLOCK,
    WAREHOUSE_BLOCK,
    WAREHOUSE_SLUG,
    WEBHOOK_BLOCK,
    WEBHOOK_TYPE,
)
from blocks.register import Registration, register_blocks
from blocks.settings import EmailSettings, SnowflakeSettings, WebhookSettings
from flows.alert.channels.webhook import url_of
from flows.errors import BlockError
from flows.transform.environment import dbt_variables

SECRET = "correct-horse-battery"

pytestmark = pytest.mark.usefixtures("no_blocks")


@pytest.fixture
def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def register(port: int, *, overwrite: bool = False) -> list[str]:
    done = register_blocks(SnowflakeSettings(port=port), EmailSettings(port=port), overwrite=overwrite)
    assert [registration.block for registration in done] == [WAREHOUSE_SLUG, EMAIL_SLUG]
    return [registration.action for registration in done]


def ports() -> tuple[int, int]:
    return load_warehouse(WAREHOUSE_BLOCK).credentials.port, load_email(EMAIL_BLOCK).smtp_port


def test_missing_blocks_are_created_and_existing_ones_kept_unless_overwritten() -> None:
    assert register(1111) == ["created", "created"]
    assert ports() == (1111, 1111)
    assert register(2222) == ["kept", "kept"]
    assert ports() == (1111, 1111)
    assert register(2222, overwrite=True) == ["overwritten", "overwritten"]
    assert ports() == (2222, 2222)
    assert register(2222, overwrite=True) == ["overwritten", "overwritten"]
    assert ports() == (2222, 2222)


def test_only_what_is_missing_is_created() -> None:
    EmailSettings(port=1111).to_block().save(EMAIL_BLOCK)
    done = register_blocks(SnowflakeSettings(port=2222), EmailSettings(port=2222), overwrite=False)
    assert done == [Registration(WAREHOUSE_SLUG, "created"), Registration(EMAIL_SLUG, "kept")]
    assert ports() == (2222, 1111)


def test_the_stored_connector_keeps_endpoint_and_login() -> None:
    settings = SnowflakeSettings(
        host="127.0.0.2", port=4321, protocol="https", user="PIPELINE", password=SECRET, role="LOADER",
        database="SHOP", warehouse="SMALL",
    )  # fmt: skip
    register_blocks(settings, EmailSettings(), overwrite=False)
    assert dbt_variables(SnowflakeConnector.load(WAREHOUSE_BLOCK)) == dbt_variables(settings.to_block())


def test_the_stored_connector_keeps_a_key() -> None:
    settings = SnowflakeSettings(account="org-shop", private_key=SECRET, private_key_passphrase="words")
    register_blocks(settings, EmailSettings(), overwrite=False)
    credentials = load_warehouse(WAREHOUSE_BLOCK).credentials
    assert credentials.private_key.get_secret_value() == SECRET.encode()
    assert credentials.private_key_passphrase.get_secret_value() == "words"
    assert credentials.authenticator == "snowflake_jwt"


def test_the_stored_mail_server_keeps_its_login() -> None:
    settings = EmailSettings(host="mail.example.com", port=587, username="shop@example.com", password=SECRET)
    register_blocks(SnowflakeSettings(), settings, overwrite=False)
    credentials = EmailServerCredentials.load(EMAIL_BLOCK)
    assert (credentials.smtp_server, credentials.smtp_port) == ("mail.example.com", 587)
    assert credentials.smtp_type.name == "STARTTLS"
    assert (credentials.username, credentials.password.get_secret_value()) == ("shop@example.com", SECRET)


def test_stored_webhooks_keep_their_urls() -> None:
    slack = f"https://hooks.slack.com/services/T0/B0/{SECRET}"
    teams = f"https://example.com/workflows/w0/triggers/manual/paths/invoke?sp=%2Frun&sig={SECRET}"
    other = f"https://example.com/hooks?key={SECRET}"
    webhooks = WebhookSettings(slack_webhook_url=slack, teams_webhook_url=teams, alert_webhook_url=other)
    register_blocks(SnowflakeSettings(), EmailSettings(), webhooks.to_blocks(), overwrite=False)
    assert load_slack(SLACK_BLOCK).url.get_secret_value() == slack
    assert load_teams(TEAMS_BLOCK).url.get_secret_value() == teams
    assert url_of(load_webhook(WEBHOOK_BLOCK)) == other


def test_what_prefect_shows_of_stored_webhooks_is_no_secret() -> None:
    other = f"https://example.com/hooks?key={SECRET}"
    webhooks = WebhookSettings(
        slack_webhook_url=f"https://hooks.slack.com/services/T0/B0/{SECRET}", alert_webhook_url=other
    )
    register_blocks(SnowflakeSettings(), EmailSettings(), webhooks.to_blocks(), overwrite=False)
    with get_client(sync_client=True) as client:
        for name, slug in ((SLACK_BLOCK, SLACK_TYPE), (WEBHOOK_BLOCK, WEBHOOK_TYPE)):
            shown = client.read_block_document_by_name(name, slug, include_secrets=False)
            assert SECRET not in shown.model_dump_json()


def test_a_connector_with_stock_credentials_made_by_hand_is_used() -> None:
    stock = SnowflakeCredentials(account="org-shop", user="me", password=SECRET)
    SnowflakeConnector(credentials=stock, database="D", warehouse="W", schema="RAW").save(WAREHOUSE_BLOCK)
    connector = load_warehouse(WAREHOUSE_BLOCK)
    assert connector.credentials.account == "org-shop"
    assert connector.credentials.password.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("load", "slug"),
    [
        (load_warehouse, "snowflake-connector"),
        (load_email, "email-server-credentials"),
        (load_slack, "slack-webhook"),
        (load_teams, "ms-teams-webhook"),
        (load_webhook, "custom-webhook"),
    ],
)
def test_a_missing_block_says_how_to_register_it(load, slug: str) -> None:
    with pytest.raises(BlockError) as error:
        load("nobody-made-this")
    assert f"block {slug}/nobody-made-this is not registered" in str(error.value)
    assert "python -m blocks.register" in str(error.value)
    assert ".env.example" in str(error.value)


def test_a_stored_block_that_became_invalid_says_how_to_mend_it() -> None:
    from prefect.client.orchestration import get_client

    register(1111)
    with get_client(sync_client=True) as client:
        document = client.read_block_document_by_name(EMAIL_BLOCK, "email-server-credentials")
        from prefect.client.schemas.actions import BlockDocumentUpdate

        client.update_block_document(
            document.id, BlockDocumentUpdate(data={"smtp_type": "PIGEON", "password": SECRET})
        )
    with pytest.raises(
        BlockError, match=r"cannot be used .* `python -m blocks\.register --overwrite`"
    ) as error:
        load_email(EMAIL_BLOCK)
    assert SECRET not in str(error.value)
