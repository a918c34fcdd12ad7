from datetime import date
from pathlib import Path

import pytest

from flows.alert.audiences import FILE, Audiences, parse_addresses, read_audiences
from flows.errors import InputError

MINIMAL = '[audiences.default]\nemail = { to = ["ops@example.com"] }\n'
EVERYTHING = """
all_clear = "Friday"

[audiences.carrier-team]
teams = { block = "carriers" }

[audiences.order-team]
webhook = { block = "erp" }
slack = { block = "orders" }
teams = { block = "orders" }
email = { to = ["orders@example.com", " boss@example.org "], block = "own-mail", from = "sla@example.net" }

[audiences.default]
email = { to = ["ops@example.com"] }
slack = { block = "sla-slack" }
"""


def read(
    directory: Path, content: str, alert_to: list[str] | None = None, alert_from: str | None = None
) -> Audiences:
    path = directory / "audiences.toml"
    path.write_text(content, encoding="utf-8")
    return read_audiences(path, alert_to, alert_from)


def channels(audiences: Audiences, name: str) -> dict[str, list[str]]:
    """Whom an audience is reached by, on each channel."""
    (audience,) = (one for one in audiences.all if one.name == name)
    return {channel.kind: channel.recipients for channel in audiences.channels(audience, "some-mail")}


def domain(audiences: Audiences, name: str = "default") -> str:
    """Of the sender of an audience's e-mail, where it is known without the block."""
    (audience,) = (one for one in audiences.all if one.name == name)
    return audiences.channels(audience)[0].domain


def test_the_shipped_file_tells_one_team_by_mail_and_that_all_is_clear_on_mondays() -> None:
    audiences = read_audiences()
    assert [one.name for one in audiences.all] == ["default"]
    assert channels(audiences, "default") == {"email": ["order-team@example.com"]}
    assert audiences.all_clear == "monday"


def test_what_the_shipped_file_shows_as_an_example_can_be_used(tmp_path: Path) -> None:
    lines = FILE.read_text(encoding="utf-8").splitlines()
    examples = [
        line.removeprefix("# ")
        for line in lines
        if line.startswith(("# [", "# slack", "# teams", "# email", "# webhook"))
    ]
    audiences = read(tmp_path, "\n".join([*lines, *examples]))
    assert [one.name for one in audiences.all] == ["default", "order-team", "warehouse-team", "carrier-team"]
    kinds = {kind for one in audiences.all for kind in channels(audiences, one.name)}
    assert kinds == {"email", "slack", "teams", "webhook"}


def test_everybody_is_found_the_default_audience_first(tmp_path: Path) -> None:
    audiences = read(tmp_path, EVERYTHING)
    assert [(one.name, one.is_default) for one in audiences.all] == [
        ("default", True),
        ("carrier-team", False),
        ("order-team", False),
    ]
    assert audiences.default.name == "default"
    assert channels(audiences, "default") == {"email": ["ops@example.com"], "slack": ["sla-slack"]}
    assert channels(audiences, "carrier-team") == {"teams": ["carriers"]}
    assert channels(audiences, "order-team") == {
        "email": ["orders@example.com", "boss@example.org"],
        "slack": ["orders"],
        "teams": ["orders"],
        "webhook": ["erp"],
    }


@pytest.mark.parametrize(
    ("word", "days"), [("friday", [5, 12, 19]), ("Sunday", [7, 14]), ("never", []), (None, [])]
)
def test_all_is_said_to_be_clear_on_one_weekday_or_never(
    tmp_path: Path, word: str | None, days: list[int]
) -> None:
    audiences = read(tmp_path, (f'all_clear = "{word}"\n' if word else "") + MINIMAL)
    assert [day for day in range(1, 20) if audiences.is_all_clear_day(date(2026, 6, day))] == days


def test_recipients_given_take_the_place_of_the_default_audiences_only(tmp_path: Path) -> None:
    audiences = read(tmp_path, EVERYTHING, ["me@example.com", "me@example.com"])
    assert channels(audiences, "default") == {"email": ["me@example.com"], "slack": ["sla-slack"]}
    assert channels(audiences, "order-team")["email"] == ["orders@example.com", "boss@example.org"]


def test_recipients_given_add_e_mail_where_the_default_audience_has_none(tmp_path: Path) -> None:
    audiences = read(tmp_path, '[audiences.default]\nslack = { block = "sla-slack" }', ["me@example.com"])
    assert channels(audiences, "default") == {"email": ["me@example.com"], "slack": ["sla-slack"]}


def test_a_sender_given_is_the_default_audiences_and_that_of_all_who_have_none(tmp_path: Path) -> None:
    content = EVERYTHING + '[audiences.other]\nemail = { to = ["other@example.com"] }\n'
    audiences = read(tmp_path, content, alert_from="given@example.de")
    assert [domain(audiences, name) for name in ("default", "other", "order-team")] == [
        "example.de",
        "example.de",
        "example.net",
    ]
    own = MINIMAL.replace("] }", '], from = "own@example.net" }')
    assert domain(read(tmp_path, own)) == "example.net"
    assert domain(read(tmp_path, own, alert_from="given@example.de")) == "example.de"
    assert domain(read(tmp_path, own, ["me@example.com"])) == "example.net"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "audiences: Field required"),
        ("audiences = 3", "audiences: Input should be a valid dictionary"),
        (
            '[audiences.team]\nslack = { block = "b" }',
            "audiences: needs a table [audiences.default], whom every",
        ),
        ("[audiences.default]", "audiences.default: has no channel; give it email, slack, teams or webhook"),
        ("[audiences]\ndefault = 3", "audiences.default: should be one table, such as [audiences.NAME] with"),
        (
            '[audiences.default]\npigeon = { block = "b" }',
            "audiences.default.pigeon: unknown key; known: all_clear,",
        ),
        ('all_clean = "monday"\n' + MINIMAL, "all_clean: unknown key; known: all_clear, "),
        ('all_clear = "someday"\n' + MINIMAL, "all_clear: Input should be 'monday', 'tuesday', "),
        ("all_clear = 1\n" + MINIMAL, "all_clear: Input should be 'monday'"),
        ("[audiences.default]\nemail = {}", "audiences.default.email.to: Field required"),
        (
            "[audiences.default]\nemail = { to = [] }",
            "audiences.default.email.to: Tuple should have at least 1 item",
        ),
        (
            '[audiences.default]\nemail = { to = "ops@example.com" }',
            "audiences.default.email.to: Input should be a",
        ),
        (
            '[audiences.default]\nemail = ["ops@example.com"]',
            "audiences.default.email: should be one table, such as {",
        ),
        (
            '[[audiences.default.slack]]\nblock = "a"\n[[audiences.default.slack]]\nblock = "b"',
            'audiences.default.slack: should be one table, such as { block = "BLOCK" }',
        ),
        (
            '[audiences.default]\nemail = { to = ["ops@example.com", "nobody"] }',
            "audiences.default.email.to[1]: should be an e-mail address (name@host), not 'nobody'",
        ),
        (
            '[audiences.default]\nemail = { to = ["ops@example.com\\r\\nBcc: victim@example.com"] }',
            r"should be an e-mail address (name@host), not 'ops@example.com\r\nBcc: victim@example.com'",
        ),
        (
            '[audiences.default]\nemail = { to = ["ops@example.com"], from = "me" }',
            "audiences.default.email.from: should be an e-mail address (name@host), not 'me'",
        ),
        (
            '[audiences.default]\nemail = { to = ["ops@example.com"], cc = "boss@example.com" }',
            "audiences.default.email.cc: unknown key",
        ),
        ("[audiences.default]\nslack = {}", "audiences.default.slack.block: Field required"),
        (
            '[audiences.default]\nslack = { block = "https://hooks.slack.com/services/T/B/secret" }',
            "audiences.default.slack.block: should be the name of a Prefect block: small letters, ",
        ),
        (
            MINIMAL + '[audiences."../up"]\nslack = { block = "b" }',
            "audiences.../up: a name has at most 64 letters,",
        ),
        (MINIMAL + '[audiences."a b"]\nslack = { block = "b" }', "audiences.a b: a name has at most 64"),
        (
            MINIMAL + '[audiences."a\\nb\\u001b"]\nslack = { block = "b" }',
            r"audiences.a b\x1b: a name has at most 64",
        ),
        (MINIMAL + '[audiences.""]\nslack = { block = "b" }', "audiences.: a name has at most 64"),
        (MINIMAL + f'[audiences.{"x" * 65}]\nslack = {{ block = "b" }}', "x: a name has at most 64"),
        ("[audiences.default", "is not TOML: "),
        (
            '[audiences.default]\nslack = { block = "a" }\nslack = { block = "b" }',
            "is not TOML: Cannot overwrite",
        ),
    ],
)
def test_what_cannot_be_is_one_line_that_names_file_and_key(
    tmp_path: Path, content: str, complaint: str
) -> None:
    with pytest.raises(InputError) as refusal:
        read(tmp_path, content)
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / 'audiences.toml'}: ")
    assert complaint in message
    assert message.isprintable()
    assert "secret" not in message


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refusal:
        read(tmp_path, 'all_clear = "x"\n[audiences."a b"]\n[audiences.c]\nemail = { to = ["d"] }')
    for place in (
        "all_clear:",
        "audiences.a b: has no channel",
        "audiences.a b: a name",
        "audiences.c.email.to[0]:",
    ):
        assert place in str(refusal.value)
    assert "needs a table [audiences.default]" in str(refusal.value)


def test_a_missing_file_is_named_with_an_example(tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"none\.toml: No such file or directory; audiences\.toml is an example"
    ):
        read_audiences(tmp_path / "none.toml")


def test_a_name_may_have_what_is_harmless_in_an_id(tmp_path: Path) -> None:
    audiences = read(tmp_path, MINIMAL + '[audiences."EU_West.team-2"]\nslack = { block = "b" }')
    assert audiences.all[1].name == "EU_West.team-2"


@pytest.mark.parametrize(
    ("alert_to", "addresses"),
    [
        ("ops@example.com", ["ops@example.com"]),
        (" ops@example.com , boss@example.org,", ["ops@example.com", "boss@example.org"]),
        (["ops@example.com", " boss@example.org "], ["ops@example.com", "boss@example.org"]),
        ("ops@example.com,ops@example.com", ["ops@example.com"]),
        ("first.last+tag@sub.example.com", ["first.last+tag@sub.example.com"]),
        ("root@localhost", ["root@localhost"]),
        ("jörg@example.com", ["jörg@example.com"]),
    ],
)
def test_addresses_come_as_text_or_list(alert_to: str | list[str], addresses: list[str]) -> None:
    assert parse_addresses(alert_to) == addresses


@pytest.mark.parametrize("alert_to", ["", " , ", [], ["", "  "]])
def test_no_address_at_all_is_refused(alert_to: str | list[str]) -> None:
    with pytest.raises(InputError, match="give at least one e-mail address"):
        parse_addresses(alert_to)


@pytest.mark.parametrize(
    "address",
    [
        "ops",
        "@example.com",
        "ops@",
        "ops@@example.com",
        "ops@example.com@example.com",
        "ops..two@example.com",
        ".ops@example.com",
        "Ops <ops@example.com>",
        "ops @example.com",
        "ops@example.com;boss@example.com",
        "ops@example.com\r\nBcc: victim@example.com",
        "ops@example.com\nBcc:victim@example",
        "ops\x0b@example.com",
        "ops\x00@example.com",
        "ops@exam\u2028ple.com",
    ],
)
def test_what_is_no_address_is_refused_and_named(address: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not an e-mail address") as refusal:
        parse_addresses(["boss@example.com", address])
    assert repr(address) in str(refusal.value)
    with pytest.raises(InputError, match=r"alert_from: .* is not an e-mail address"):
        read(tmp_path, MINIMAL, alert_from=address)
