"""One message, posted to a real HTTP server through stored blocks: what arrives, and what may pass."""

import json
import logging
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.notifications import CustomWebhookNotificationBlock, MicrosoftTeamsWebhook, SlackWebhook

from blocks.quiet import quiet
from flows.alert.channels import Channel, Receipt
from flows.alert.channels.slack import SlackChannel
from flows.alert.channels.teams import TeamsChannel
from flows.alert.channels.webhook import WebhookChannel
from flows.alert.digest import Notice
from flows.errors import BlockError, DeliveryError, PipelineError, TemporaryDeliveryError
from tests.integration.flows.mail_servers import Certificate, certificate_for
from tests.integration.flows.webhook_servers import DROP, HALF, SILENCE, Hook, Reply, free_port, hooked

BLOCK = "tests-of-webhooks"
TOKEN = "T0KEN-nobody-may-see"
PATHS = {
    "slack": f"/services/T00000000/B00000000/{TOKEN}",
    "teams": f"/workflows/wf0000/triggers/manual/paths/invoke?api-version=2016-06-01&sig={TOKEN}",
    "webhook": f"/hooks/{TOKEN}",
}
MESSAGE_ID = "<sla.20260131.0123456789abcdef0123@order-monitoring>"
NOTICE = Notice(
    digest_id="2026-01-31/default/webhook/all-clear",
    as_of=date(2026, 1, 31),
    audience="default",
    subject="[SLA] All clear, 31 Jan",
    title="All clear",
    paragraphs=("No promise is broken.", "Åsa says {{subject}} and {{ token }} }} hello"),
)

pytestmark = pytest.mark.usefixtures("prefect_api")
Make = Callable[..., Channel]


def channel(kind: str, url: str, **fields: Any) -> Channel:
    """A channel whose stored block has that URL."""
    with quiet():
        if kind == "slack":
            SlackWebhook(url=url, **fields).save(BLOCK, overwrite=True)
            return SlackChannel(BLOCK, timeout=5)
        if kind == "teams":
            MicrosoftTeamsWebhook(url=url, **fields).save(BLOCK, overwrite=True)
            return TeamsChannel(BLOCK, timeout=5)
        block = CustomWebhookNotificationBlock(name="tests", url=url, **{"timeout": 5, **fields})
        block.save(BLOCK, overwrite=True)
        return WebhookChannel(BLOCK)


def deliver(one: Channel) -> Receipt:
    return one.deliver(one.render(NOTICE, MESSAGE_ID), MESSAGE_ID)


@pytest.fixture(params=list(PATHS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked(Hook()) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_shows_the_token(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "apprise"):
        caplog.set_level(logging.DEBUG, logger=name)
    yield
    out, err = capfd.readouterr()
    logged = [record.getMessage() for record in caplog.get_records("call")]
    assert TOKEN not in f"{out}{err}{logged}"


def refused(one: Channel, kind: type[PipelineError]) -> PipelineError:
    """The error with which nobody takes the message; it does not show the URL anywhere."""
    with pytest.raises(kind) as error:
        deliver(one)
    assert type(error.value) is kind
    seen: BaseException | None = error.value
    while seen is not None:
        assert TOKEN not in f"{seen}{seen.args}"
        seen = seen.__cause__ or seen.__context__
    assert BLOCK in str(error.value)
    return error.value


def test_the_message_arrives_as_rendered(kind: str, hook: Hook) -> None:
    one = channel(kind, hook.host() + PATHS[kind])
    assert deliver(one) == Receipt([BLOCK], {})
    (request,) = hook.requests
    assert (request.method, request.path) == ("POST", PATHS[kind])
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == json.loads(one.render(NOTICE, MESSAGE_ID))


def test_nothing_is_loaded_before_it_is_needed(kind: str) -> None:
    made = {"slack": SlackChannel, "teams": TeamsChannel, "webhook": WebhookChannel}[kind]("nobody-made-this")
    assert (made.kind, made.recipients, made.domain) == (kind, ["nobody-made-this"], "order-monitoring")
    content = made.render(NOTICE, MESSAGE_ID)
    with pytest.raises(BlockError, match=r"/nobody-made-this is not registered .*python -m blocks\.register"):
        made.deliver(content, MESSAGE_ID)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_may_get_over_it(kind: str, hook: Hook, status: int) -> None:
    hook.replies.append(Reply(status, "come back later"))
    error = refused(channel(kind, hook.host() + PATHS[kind]), TemporaryDeliveryError)
    assert f"the answer is {status} " in str(error)
    assert "come back later" in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413])
def test_a_refusal_is_final_and_told_in_the_servers_words(kind: str, hook: Hook, status: int) -> None:
    hook.replies.append(Reply(status, "invalid_payload\n\x1b[31m" + "x" * 5_000))
    error = refused(channel(kind, hook.host() + PATHS[kind]), DeliveryError)
    assert f"the answer is {status} " in str(error)
    assert "invalid_payload" in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 300


@pytest.mark.parametrize("body", ["no such hook: {path}", "{path}", "x {path} y"])
def test_a_server_that_repeats_the_url_is_not_quoted_with_it(kind: str, hook: Hook, body: str) -> None:
    hook.replies += [Reply(404, body), Reply(500, body)]
    refused(channel(kind, hook.host() + PATHS[kind]), DeliveryError)
    refused(channel(kind, hook.host() + PATHS[kind]), TemporaryDeliveryError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(kind: str, hook: Hook, status: int) -> None:
    hook.replies.append(Reply(status, "", {"Location": f"{hook.host()}/elsewhere/{TOKEN}"}))
    error = refused(channel(kind, hook.host() + PATHS[kind]), DeliveryError)
    assert "put the final URL into the block" in str(error)
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "Sat, 31 Jan 2026 12:00:30 GMT", "Date": "Sat, 31 Jan 2026 12:00:00 GMT"}, 30),
        ({"Retry-After": "Sat, 31 Jan 2026 11:00:00 GMT", "Date": "Sat, 31 Jan 2026 12:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({}, None),
    ],
)
def test_the_wait_the_server_asks_for_is_known(
    kind: str, hook: Hook, headers: dict[str, str], seconds: float | None
) -> None:
    hook.replies.append(Reply(429, "slow down", headers))
    error = refused(channel(kind, hook.host() + PATHS[kind]), TemporaryDeliveryError)
    assert isinstance(error, TemporaryDeliveryError)
    assert error.retry_after == seconds


def test_nobody_listening_may_pass(kind: str) -> None:
    error = refused(channel(kind, f"http://127.0.0.1:{free_port()}{PATHS[kind]}"), TemporaryDeliveryError)
    assert "no answer (" in str(error)
    assert "refused" in str(error)


def test_a_host_no_name_server_knows_may_pass(kind: str) -> None:
    error = refused(channel(kind, f"https://hooks.invalid{PATHS[kind]}"), TemporaryDeliveryError)
    assert "no answer (" in str(error)


def test_a_connection_lost_before_the_answer_may_pass_and_the_message_may_have_been_taken(
    kind: str, hook: Hook
) -> None:
    hook.replies.append(Reply(ending=DROP))
    error = refused(channel(kind, hook.host() + PATHS[kind]), TemporaryDeliveryError)
    assert "so it may have been taken" in str(error)
    assert len(hook.requests) == 1


@pytest.mark.parametrize(("slow", "fields"), [("slack", {}), ("webhook", {"timeout": 0.2})])
def test_a_server_that_never_answers_may_pass(hook: Hook, slow: str, fields: dict[str, Any]) -> None:
    hook.replies.append(Reply(ending=SILENCE))
    one = channel(slow, hook.host() + PATHS[slow], **fields)
    if isinstance(one, SlackChannel):
        one = SlackChannel(BLOCK, timeout=0.2)
    error = refused(one, TemporaryDeliveryError)
    assert "timed out" in str(error)


@pytest.mark.parametrize("posting", ["slack", "teams"])
def test_a_connection_lost_after_the_status_changes_nothing(hook: Hook, posting: str) -> None:
    one = channel(posting, hook.host() + PATHS[posting])
    hook.replies += [Reply(200, ending=HALF), Reply(404, ending=HALF), Reply(500, ending=HALF)]
    assert deliver(one).reached == [BLOCK]
    refused(one, DeliveryError)
    refused(one, TemporaryDeliveryError)


def test_a_custom_webhook_whose_answer_ends_half_way_is_sent_again(hook: Hook) -> None:
    hook.replies.append(Reply(200, ending=HALF))
    error = refused(channel("webhook", hook.host() + PATHS["webhook"]), TemporaryDeliveryError)
    assert "so it may have been taken" in str(error)


def test_a_certificate_that_is_trusted_lets_the_message_through_and_others_may_be_mended(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine: Certificate = certificate_for("127.0.0.1", tmp_path / "mine")
    foreign = certificate_for("hooks.example.com", tmp_path / "foreign")
    with hooked(Hook(), mine) as hook, hooked(Hook(), foreign) as stranger:
        one = channel(kind, hook.host("https") + PATHS[kind])
        assert "CERTIFICATE_VERIFY_FAILED" in str(refused(one, TemporaryDeliveryError))
        monkeypatch.setenv("SSL_CERT_FILE", str(mine.certificate))
        assert deliver(one).reached == [BLOCK]
        monkeypatch.setenv("SSL_CERT_FILE", str(foreign.certificate))
        elsewhere = channel(kind, stranger.host("https") + PATHS[kind])
        assert "mismatch" in str(refused(elsewhere, TemporaryDeliveryError))
        assert (len(hook.requests), stranger.requests) == (1, [])


def test_another_machine_is_never_posted_to_without_tls(kind: str) -> None:
    error = refused(channel(kind, f"http://192.0.2.1{PATHS[kind]}"), BlockError)
    assert "192.0.2.1 is another machine, so its URL should begin with https://" in str(error)


@pytest.mark.parametrize(
    "url", [f"ftp://example.com/{TOKEN}", f"{TOKEN}", f"https:///{TOKEN}", f"https://[::{TOKEN}"]
)
def test_what_is_no_url_is_a_matter_of_the_block(url: str) -> None:
    for one in (channel("webhook", url), channel("slack", url)):
        assert "its URL is none" in str(refused(one, BlockError))


def test_a_private_address_is_not_posted_to_where_the_block_forbids_it(kind: str, hook: Hook) -> None:
    one = channel(kind, hook.host() + PATHS[kind], allow_private_urls=False)
    refused(one, BlockError)
    assert hook.requests == []


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = channel("slack", hook.host() + PATHS["slack"])
    deliver(one)  # the block is read from the Prefect server now, which is no matter of this test
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    assert deliver(one).reached == [BLOCK]


def test_a_custom_webhook_says_itself_what_is_sent(hook: Hook) -> None:
    one = channel(
        "webhook",
        hook.host() + "/hooks",
        method="PUT",
        params={"key": "{{token}}"},
        headers={"Authorization": "Bearer {{token}}"},
        json_data={"title": "{{name}}: {{subject}}", "document": "{{body}}", "mixed": "{{body}}{{subject}}"},
        secrets={"token": TOKEN},
    )
    deliver(one)
    (request,) = hook.requests
    assert (request.method, request.path) == ("PUT", f"/hooks?key={TOKEN}")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    sent = json.loads(request.body)
    assert sent["title"] == f"tests: {NOTICE.subject}"
    assert json.loads(sent["document"])["explanation"] == list(NOTICE.paragraphs)
    assert sent["mixed"] == sent["document"] + NOTICE.subject  # braces from data are no placeholders
    hook.replies.append(Reply(400, f"what is {TOKEN}?"))
    refused(one, DeliveryError)


def test_a_custom_webhook_may_keep_its_url_among_its_secrets(hook: Hook) -> None:
    one = channel("webhook", "{{url}}", secrets={"url": f"{hook.host()}/{TOKEN}"})
    deliver(one)
    hook.replies.append(Reply(404, f"no {TOKEN}"))
    refused(one, DeliveryError)
    assert [request.path for request in hook.requests] == [f"/{TOKEN}"] * 2


def test_a_custom_webhook_keeps_its_own_content_type(hook: Hook) -> None:
    deliver(channel("webhook", hook.host(), headers={"content-type": "application/vnd.sla+json"}))
    (request,) = hook.requests
    assert request.headers["content-type"] == "application/vnd.sla+json"
    assert json.loads(request.body)["message_id"] == MESSAGE_ID


@pytest.mark.parametrize("headers", [{"Authorization": f"Bearer {TOKEN}\n"}, {"Authorization": f"ü{TOKEN}"}])
def test_a_custom_webhook_that_no_request_can_be_made_of_says_so(hook: Hook, headers: dict[str, str]) -> None:
    refused(channel("webhook", hook.host(), headers=headers), BlockError)
    assert hook.requests == []
