import pytest

from blocks.names import SLACK_SLUG, TEAMS_SLUG, WEBHOOK_SLUG
from blocks.settings import read_webhooks
from flows.errors import InputError

SECRET = "correct-horse-battery"
NAMES = ("SLACK_WEBHOOK_URL", "TEAMS_WEBHOOK_URL", "ALERT_WEBHOOK_URL")


@pytest.fixture(autouse=True)
def no_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is set."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def test_without_a_url_there_is_no_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", "")
    assert read_webhooks().to_blocks() == {}


def test_each_url_makes_a_block_of_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    slack = f"https://hooks.slack.com/services/T0/B0/{SECRET}"
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f" {slack}\n")
    blocks = read_webhooks().to_blocks()
    assert list(blocks) == [SLACK_SLUG]
    assert blocks[SLACK_SLUG].url.get_secret_value() == slack
    assert blocks[SLACK_SLUG].get_block_type_slug() == "slack-webhook"
    monkeypatch.setenv(
        "TEAMS_WEBHOOK_URL", "https://x.logic.azure.com/workflows/w0/triggers/manual/paths/invoke?sig=s"
    )
    monkeypatch.setenv("ALERT_WEBHOOK_URL", "http://127.0.0.1:8080/hook")
    blocks = read_webhooks().to_blocks()
    assert {slug: block.get_block_type_slug() for slug, block in blocks.items()} == {
        SLACK_SLUG: "slack-webhook",
        TEAMS_SLUG: "ms-teams-webhook",
        WEBHOOK_SLUG: "custom-webhook",
    }


def test_each_environment_keeps_its_urls_in_blocks_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "https://x.logic.azure.com/workflows/w0/triggers/manual/paths/invoke?sig=s")
    assert list(read_webhooks().to_blocks("dev")) == [
        "slack-webhook/sla-slack-dev",
        "ms-teams-webhook/sla-teams-dev",
        "custom-webhook/sla-webhook-dev",
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        (SECRET, "should be a URL, https://…"),
        (f"ftp://example.com/{SECRET}", "should be a URL, https://…"),
        (f"https:///{SECRET}", "should be a URL, https://…"),
        (f"https://[::{SECRET}", "should be a URL, https://…"),
        (f"http://example.com/{SECRET}", "http is allowed for loopback addresses only; use https"),
    ],
)
def test_what_cannot_be_posted_to_is_refused_without_repeating_it(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str, complaint: str
) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(InputError) as refusal:
        read_webhooks()
    assert str(refusal.value) == f"environment: {name}: {complaint}"


def test_a_url_that_is_no_workflow_is_no_teams_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAMS_WEBHOOK_URL", f"https://example.webhook.office.com/webhookb2/{SECRET}")
    with pytest.raises(
        InputError, match="TEAMS_WEBHOOK_URL: should be the URL of a Power Automate"
    ) as refusal:
        read_webhooks().to_blocks()
    assert SECRET not in str(refusal.value)


def test_no_form_of_the_settings_shows_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_WEBHOOK_URL", f"https://hooks.slack.com/services/T0/B0/{SECRET}")
    settings = read_webhooks()
    for thing in (settings, settings.to_blocks()[SLACK_SLUG]):
        for form in (repr(thing), str(thing), str(thing.model_dump()), thing.model_dump_json()):
            assert SECRET not in form
