import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flows.errors import SourceError
from flows.ingest.source.description import EntitySource, Reading, Source, read_description
from flows.ingest.source.files import find_files
from flows.paths import SAMPLE_SOURCE
from flows.tables import DELIVERY_STATUSES, ENTITIES, SCHEMAS, STATUSES

ORDERS = '[orders]\npath = "orders.csv"\n'


def described(directory: Path, content: str | bytes) -> Source:
    description = directory / "source.toml"
    description.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_description(description)


def orders(directory: Path, content: str) -> EntitySource:
    return described(directory, content).entities["orders"]


def refusal(directory: Path, content: str | bytes) -> str:
    with pytest.raises(SourceError) as error:
        described(directory, content)
    message = str(error.value)
    assert message.startswith(f"{directory}/source.toml: ")
    assert "\n" not in message
    assert error.value.exit_status == 2
    return message.removeprefix(f"{directory}/source.toml: ")


NEEDS_PATH = 'needs a table [orders] with path = "FILE.csv" (or .parquet or .ndjson, or a glob)'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"[orders\n", "is not TOML: "),
        (b"[orders]\npath = " + b"[" * 5_000, "is not TOML that can be read: nested too deeply"),
        (b'[orders]\npath = "\xff"\n', "is not UTF-8 text"),
        (b"", NEEDS_PATH),
        (b"[orders]\n", NEEDS_PATH),
        (b'[orders]\npath = " "\n', NEEDS_PATH),
        (b"[orders]\npath = 7\n", NEEDS_PATH),
        (b'[orders]\npath = ["a.csv", "b.csv"]\n', NEEDS_PATH),
        (b'orders = "orders.csv"\n', NEEDS_PATH),
        (b'[[orders]]\npath = "orders.csv"\n', NEEDS_PATH),
        (b'[customers]\npath = "customers.csv"\n', NEEDS_PATH),
        (f"{ORDERS}[customers]\n".encode(), NEEDS_PATH.replace("orders", "customers")),
        (b'[orders]\npath = "a\\u0000.csv"\n', "orders.path: should hold no control characters"),
        (b'[orders]\npath = "a\\n.csv"\n', "orders.path: should hold no control characters"),
    ],
)
def test_a_description_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    assert refusal(tmp_path, content).startswith(complaint)


def test_a_description_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, complaint in (
        (tmp_path / "none.toml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (tmp_path / "file" / "source.toml", "Not a directory"),
    ):
        with pytest.raises(SourceError) as error:
            read_description(path)
        assert str(error.value) == f"{path}: {complaint}; data/sample/source.toml is an example"


def test_a_byte_order_mark_in_front_of_a_description_is_fine(tmp_path: Path) -> None:
    assert orders(tmp_path, "\ufeff" + ORDERS).path == "orders.csv"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (
            ORDERS + 'seperator = ";"',
            "[orders] has unknown key seperator; known: path, format, change_day, col",
        ),
        (
            ORDERS + 'timezone = "UTC"',
            "[orders] has unknown key timezone (did you mean time_zone?); known: path",
        ),
        (
            ORDERS + "Delimiter = ','\nx = 1",
            "[orders] has unknown key Delimiter (did you mean delimiter?), x; kn",
        ),
        (ORDERS + 'entity = "orders"', "[orders] has unknown key entity; known: "),
        (ORDERS + 'directory = "/"', "[orders] has unknown key directory; known: "),
        (ORDERS + '"a\\nb" = 1', "[orders] has unknown key a b; known: "),
        (
            'colour = 1\n[refunds]\npath = "r.csv"\n' + ORDERS,
            "unknown table or key colour, refunds; known: customers,",
        ),
        ("[order]\n" + ORDERS, "unknown table or key order (did you mean orders?); known: "),
        ('path = "orders.csv"\n' + ORDERS, "path: belongs into the table of an entity, such as [orders]"),
        ("[statuses]\na = 'shipped'\n" + ORDERS, "statuses: belongs into the table of an entity"),
        (
            ORDERS + "max_reject_rate = 0.1",
            "orders.max_reject_rate: is for all entities together; write it above",
        ),
        (
            ORDERS + '[customers]\npath = "c.csv"\n[customers.statuses]\na = "ignore"',
            "customers.statuses: customers have no status; orders and deliveries have",
        ),
        (
            ORDERS + '[products]\npath = "p.csv"\nstatuses = {}',
            "products.statuses: products have no status; orders and deliveries have",
        ),
    ],
)
def test_an_unknown_or_misplaced_key_is_refused_with_what_was_probably_meant(
    tmp_path: Path, content: str, complaint: str
) -> None:
    assert refusal(tmp_path, content).startswith(complaint)


def test_the_example_of_an_unknown_key_lists_all_that_are_known(tmp_path: Path) -> None:
    known = {*Reading.model_fields, "path", "format", "change_day", "columns"}
    for entity in ENTITIES:
        tables = "".join(f'[{name}]\npath = "x.csv"\n' for name in {"orders", entity} - {entity})
        message = refusal(tmp_path, f'{tables}[{entity}]\npath = "x.csv"\nqqq = 1')
        listed = set(message.partition("known: ")[2].split(", "))
        assert listed == known | ({"statuses"} if entity in ("orders", "deliveries") else set())


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (
            "time_zone = 'Europe/Berln'",
            r"time_zone: should be an IANA time zone such as Europe/Berlin or UTC \(did you mean Eu",
        ),
        (
            "time_zone = 'berlin'",
            r"time_zone: should be .* UTC \(did you mean Europe/Berlin\?\), not 'berlin'$",
        ),
        ("time_zone = 'new york'", r"time_zone: should be .* \(did you mean America/New_York\?\)"),
        ("time_zone = 'europe/berlin'", r"time_zone: should be .* \(did you mean Europe/Berlin\?\)"),
        ("time_zone = 'Europe'", "time_zone: should be an IANA time zone"),
        ("time_zone = ''", "time_zone: should be an IANA time zone"),
        ("time_zone = '../UTC'", "time_zone: should be an IANA time zone"),
        ("time_zone = '/etc/passwd'", "time_zone: should be an IANA time zone"),
        ("time_zone = '+02:00'", "time_zone: should be an IANA time zone"),
        ("time_zone = 'localtime'", "time_zone: should be an IANA time zone"),
        (f"time_zone = '{'x' * 5_000}'", "time_zone: should be an IANA time zone"),
        ("time_zone = 2", "time_zone: Input should be a valid string, not 2"),
        (
            "encoding = 'nonsense'",
            "encoding: should be an encoding of text such as utf-8, cp1252, .*, not 'nonse",
        ),
        ("encoding = 'base64'", "encoding: should be an encoding of text"),
        ("encoding = 'rot13'", "encoding: should be an encoding of text"),
        ("encoding = 'utf-7'", "encoding: should be an encoding of text"),
        ("encoding = 'idna'", "encoding: should be an encoding of text"),
        ("encoding = 'unicode_escape'", "encoding: should be an encoding of text"),
        ('encoding = "a\\u0000"', "encoding: should be an encoding of text"),
        ("encoding = 8", "encoding: Input should be a valid string, not 8"),
        ("delimiter = ''", "delimiter: should be one character such as , ; | or"),
        ("delimiter = ';;'", "delimiter: should be one character .*, not ';;'"),
        ("delimiter = '\"'", "delimiter: should be one character .* and no quote"),
        ('delimiter = "\'"', "delimiter: should be one character .* and no quote"),
        ('delimiter = "\\n"', "delimiter: should be one character"),
        ('delimiter = "\\r"', "delimiter: should be one character"),
        ('delimiter = "\\u0000"', "delimiter: should be one character"),
        ("delimiter = 'x'", "delimiter: should be one character .* letter or digit"),
        ("delimiter = '0'", "delimiter: should be one character"),
        ("delimiter = '§'", "delimiter: should be one character"),
        (r"delimiter = '\t'", r'delimiter: should be one character; a tab is "\\t" in double quotes'),
        ("delimiter = 1", "delimiter: Input should be a valid string"),
        ("decimal_comma = 'yes'", "decimal_comma: Input should be a valid boolean, not 'yes'"),
        ("decimal_comma = 1", "decimal_comma: Input should be a valid boolean, not 1"),
        ("null_values = 'NA'", "null_values: should be a list in brackets, not 'NA'"),
        ("null_values = ['NA', -1]", r"null_values\[1\]: Input should be a valid string, not -1"),
        ("date_formats = '%Y-%m-%d'", "date_formats: should be a list in brackets, not '%Y-%m-%d'"),
        ("date_formats = [1]", r"date_formats\[0\]: Input should be a valid string, not 1"),
        (
            "date_formats = ['%Y-%m']",
            "date_formats: '%Y-%m' does not tell a date: it needs a year .%Y or %y., a",
        ),
        ("date_formats = ['%d.%m.']", "date_formats: '%d.%m.' does not tell a date"),
        ("date_formats = ['%Y-%d']", "date_formats: '%Y-%d' does not tell a date"),
        ("date_formats = ['%H:%M']", "date_formats: '%H:%M' does not tell a date"),
        ("date_formats = ['%d.%m.%Y', '']", "date_formats: '' does not tell a date"),
        ("date_formats = ['DD.MM.YYYY']", "date_formats: 'DD.MM.YYYY' does not tell a date"),
        ("date_formats = ['%%Y-%%m-%%d']", "date_formats: '%%Y-%%m-%%d' does not tell a date"),
        (
            "date_formats = ['%Y-%m-%d %H']",
            "date_formats: '%Y-%m-%d %H' is no format of a date: Please either sp",
        ),
        ("date_formats = ['%Y-%m-%d %I:%M']", "date_formats: '%Y-%m-%d %I:%M' is no format of a date"),
        ("date_formats = ['%Y-%m-%d %Q']", "date_formats: '%Y-%m-%d %Q' has %Q"),
        ("date_formats = ['%Y-%m-%d %H:%M %Z']", "date_formats: .* has %Z"),
        ("date_formats = ['%Y-%m-%d %']", "date_formats: '%Y-%m-%d %' "),
        (
            "date_formats = ['unixs']",
            "date_formats: 'unixs' does not tell a date.*; unix and unix_ms are seconds and",
        ),
    ],
)
def test_what_a_key_cannot_say_is_refused_on_top_and_in_a_table(
    tmp_path: Path, line: str, complaint: str
) -> None:
    assert re.match(complaint, refusal(tmp_path, f"{line}\n{ORDERS}"))
    assert re.match(f"orders.{complaint}", refusal(tmp_path, ORDERS + line))


@pytest.mark.parametrize(
    ("rate", "complaint"),
    [
        ("1.01", "Input should be less than or equal to 1, not 1.01"),
        ("5", "Input should be less than or equal to 1, not 5"),
        ("-0.01", "Input should be greater than or equal to 0, not -0.01"),
        ("true", "Input should be a valid number, not True"),
        ("'5 %'", "Input should be a valid number, not '5 %'"),
        ("nan", "Input should be a finite number"),
        ("inf", "Input should be a finite number"),
    ],
)
def test_a_reject_rate_is_a_share(tmp_path: Path, rate: str, complaint: str) -> None:
    said = refusal(tmp_path, f"max_reject_rate = {rate}\n{ORDERS}")
    assert said.startswith(f"max_reject_rate: {complaint}")


@pytest.mark.parametrize(("rate", "share"), [("0", 0.0), ("1", 1.0), ("0.05", 0.05)])
def test_a_reject_rate_from_nothing_to_all_is_fine(tmp_path: Path, rate: str, share: float) -> None:
    assert described(tmp_path, f"max_reject_rate = {rate}\n{ORDERS}").max_reject_rate == share
    assert described(tmp_path, ORDERS).max_reject_rate is None


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("format = 'xml'", "orders.format: Input should be 'csv', 'parquet' or 'ndjson', not 'xml'"),
        ("change_day = ' '", "orders.change_day: should not be empty"),
        ("change_day = ''", "orders.change_day: should not be empty"),
        ("change_day = 2026-01-01", "orders.change_day: Input should be a valid string"),
        ("columns = 3", 'orders.columns: should be a table of lines such as "THEIRS" = "OURS", not 3'),
        ("statuses = ['a']", 'orders.statuses: should be a table of lines such as "THEIRS" = "OURS"'),
        (
            "[orders.columns]\nOrder.No = 'order_id'",
            'orders.columns: \'Order\' should be given a text, and in quotes itself: "THEIRS" = "OURS"',
        ),
        ("[orders.columns]\nNo = 7", "orders.columns: 'No' should be given a text"),
        ("[orders.columns]\n' ' = 'order_id'", "orders.columns: an empty name cannot be mapped"),
        ("[orders.statuses]\n'' = 'pending'", "orders.statuses: an empty name cannot be mapped"),
        (
            "[orders.columns]\nNo = 'orderid'",
            "orders.columns: 'No' = 'orderid': to the right should stand a column of ours "
            f"(did you mean order_id?); known: {', '.join(SCHEMAS['orders'].names())}",
        ),
        (
            "[orders.columns]\norder_id = 'No'",
            "orders.columns: 'order_id' = 'no': to the right should stand a col",
        ),
        (
            "[orders.columns]\nCity = 'city'",
            "orders.columns: 'City' = 'city': to the right should stand a column",
        ),
        (
            "[orders.columns]\nNo = 'order_id'\nId = ' Order_ID '",
            "orders.columns: 'No' and 'Id' cannot both be order_id; keep one",
        ),
        (
            "[orders.columns]\nNo = 'order_id'\n' NO' = 'status'",
            "orders.columns: 'No' and 'NO' are the same name; keep one",
        ),
        (
            "[orders.statuses]\nSent = 'shiped'",
            "orders.statuses: 'Sent' = 'shiped': to the right should stand a status of ours "
            f"(did you mean shipped?); known: {', '.join(STATUSES)}, ignore",
        ),
        (
            "[orders.statuses]\nSent = 'in_transit'",
            "orders.statuses: 'Sent' = 'in_transit': to the right should",
        ),
        (
            "[orders.statuses]\nSent = 'shipped'\n'SENT ' = 'ignore'",
            "orders.statuses: 'SENT' cannot be both shipped and ignore; keep one",
        ),
        (
            "[deliveries]\npath = 'd.csv'\n[deliveries.statuses]\nSent = 'shipped'",
            "deliveries.statuses: 'Sent' = 'shipped': to the right should stand a status of ours; "
            f"known: {', '.join(DELIVERY_STATUSES)}, ignore",
        ),
    ],
)
def test_what_a_table_cannot_say_is_refused(tmp_path: Path, table: str, complaint: str) -> None:
    assert refusal(tmp_path, ORDERS + table).startswith(complaint)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    content = f"delimiter = ';;'\nmax_reject_rate = 2\nx = 1\n{ORDERS}encoding = 'zip'\n[customers]\nx = 2\n"
    said = refusal(tmp_path, content)
    for where in (
        "delimiter: ",
        "max_reject_rate: ",
        "key x; ",
        "orders.encoding: ",
        "a table [customers] with",
    ):
        assert where in said


def test_only_the_path_of_the_orders_has_to_be_said(tmp_path: Path) -> None:
    source = described(tmp_path, ORDERS)
    assert source == Source(
        described_in=tmp_path / "source.toml",
        entities={
            "orders": EntitySource(
                entity="orders",
                path="orders.csv",
                directory=tmp_path,
                described_in=tmp_path / "source.toml",
                format=None,
                change_day="snapshot",
                columns={},
                statuses={},
                date_formats=(),
                time_zone="UTC",
                delimiter=",",
                encoding="utf-8",
                decimal_comma=False,
                null_values=(),
            )
        },
        max_reject_rate=None,
    )


def test_the_top_of_the_file_holds_for_all_tables_that_do_not_say_otherwise(tmp_path: Path) -> None:
    source = described(
        tmp_path,
        """
        time_zone = "Europe/Berlin"
        date_formats = ["%d.%m.%Y"]
        delimiter = ";"
        encoding = "cp1252"
        decimal_comma = true
        null_values = ["NULL"]
        max_reject_rate = 0.1
        [products]
        path = "products.csv"
        time_zone = "Asia/Tokyo"
        date_formats = []
        delimiter = ","
        encoding = "utf-8"
        decimal_comma = false
        null_values = []
        [orders]
        path = "orders.csv"
        """,
    )
    changed = [getattr(source.entities["orders"], name) for name in Reading.model_fields]
    assert changed == ["Europe/Berlin", ("%d.%m.%Y",), ";", "cp1252", True, ("NULL",)]
    own = [getattr(source.entities["products"], name) for name in Reading.model_fields]
    assert own == ["Asia/Tokyo", (), ",", "utf-8", False, ()]


def test_entities_come_in_one_order_whatever_the_order_in_the_file(tmp_path: Path) -> None:
    tables = "".join(f'[{entity}]\npath = "{entity}.csv"\n' for entity in reversed(ENTITIES))
    source = described(tmp_path, tables)
    assert list(source.entities) == list(ENTITIES)
    assert [entity.path for entity in source.entities.values()] == [f"{entity}.csv" for entity in ENTITIES]


@pytest.mark.parametrize(
    ("path", "top", "delimiter"),
    [
        ("orders.tsv", "", "\t"),
        ("exports/*.TSV.gz", "", "\t"),
        ("orders.tsv", 'delimiter = ";"\n', ";"),
        ("orders.txt", "", ","),
    ],
)
def test_a_name_that_ends_in_tsv_stands_for_tabs(tmp_path: Path, path: str, top: str, delimiter: str) -> None:
    assert orders(tmp_path, f'{top}[orders]\npath = "{path}"\n').delimiter == delimiter


@pytest.mark.parametrize("written", ["utf-8", "UTF8", "utf_8", " utf-8 "])
def test_an_encoding_has_one_name_however_it_is_written(tmp_path: Path, written: str) -> None:
    assert orders(tmp_path, f'{ORDERS}encoding = "{written}"').encoding == "utf-8"


@pytest.mark.parametrize(
    "encoding", ["windows-1252", "latin-1", "utf-16", "utf-8-sig", "cp037", "big5", "shift_jis"]
)
def test_encodings_that_files_come_in_are_known(tmp_path: Path, encoding: str) -> None:
    assert "é".encode(orders(tmp_path, f'{ORDERS}encoding = "{encoding}"').encoding, "replace")


@pytest.mark.parametrize(
    "form",
    [
        "%d.%m.%Y",
        "%m/%d/%y",
        "%d %b %Y",
        "%d %B %Y %H:%M",
        "%Y%m%d%H%M%S",
        "%Y-%m-%d %I:%M %p",
        "%d/%m/%Y %H:%M:%S.%f",
        "%d/%m/%Y %H:%M:%S%.f",
        "%d.%m.%Y %H:%M %z",
        "%Y年%m月%d日",
        "%Y-%j",
        "%F %T",
        "unix",
        "unix_ms",
    ],
)
def test_formats_of_dates_that_shops_use_are_known(tmp_path: Path, form: str) -> None:
    assert orders(tmp_path, f'{ORDERS}date_formats = ["{form}", "%Y-%m-%d"]').date_formats == (
        form,
        "%Y-%m-%d",
    )


def test_blanks_and_case_do_not_matter_where_they_mean_nothing(tmp_path: Path) -> None:
    source = orders(
        tmp_path,
        """
        [orders]
        path = " orders.csv"
        format = " CSV "
        change_day = " SnapShot "
        time_zone = " Europe/Berlin "
        date_formats = [" Unix_MS ", " %d.%m.%Y "]
        null_values = [" NULL "]
        [orders.columns]
        " Order No. " = " Order_ID "
        [orders.statuses]
        " VERSENDET " = " Shipped "
        "Versendet" = "shipped"
        "TEST" = "Ignore"
        """,
    )
    assert source.path == " orders.csv"  # a name of a file is what it is
    assert (source.format, source.change_day, source.time_zone) == ("csv", "snapshot", "Europe/Berlin")
    assert (source.date_formats, source.null_values) == (("unix_ms", "%d.%m.%Y"), ("NULL",))
    assert source.columns == {"Order No.": "order_id"}
    assert source.statuses == {"versendet": "shipped", "test": "ignore"}


def test_their_column_of_change_keeps_its_name(tmp_path: Path) -> None:
    assert orders(tmp_path, f'{ORDERS}change_day = " Last Modified "').change_day == "Last Modified"


def test_a_description_below_the_working_directory_is_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "source.toml").write_text(ORDERS)
    monkeypatch.chdir(tmp_path)
    source = read_description(Path("source.toml"))
    assert source.described_in == Path("source.toml")
    assert source.entities["orders"].directory == tmp_path


def test_the_sample_reads_the_sample_orders() -> None:
    sample = read_description(SAMPLE_SOURCE)
    assert find_files(sample.entities["orders"]) == [SAMPLE_SOURCE.with_name("orders.csv")]
    defaults = Reading()
    assert all(
        getattr(sample.entities["orders"], name) == getattr(defaults, name) for name in Reading.model_fields
    )
    assert sample.max_reject_rate is None


def test_the_sample_shows_every_key_with_its_default() -> None:
    shown: dict[str, Any] = {}
    for line in SAMPLE_SOURCE.read_text(encoding="utf-8").splitlines():
        if re.match(r"#? ?[a-z_]+ = ", line):
            key, value = tomllib.loads(line.removeprefix("# ")).popitem()
            shown.setdefault(key, value)
    assert shown.pop("path") == "orders.csv"
    assert shown.pop("max_reject_rate") == 0.05
    assert shown.pop("format") == "csv"
    assert shown.pop("change_day") == "snapshot"
    assert (
        EntitySource(entity="orders", path="x", directory="/", described_in="/", **shown).model_dump(
            include=set(Reading.model_fields)
        )
        == Reading().model_dump()
    )
    assert set(shown) == set(Reading.model_fields)


def test_the_sample_with_its_comments_taken_away_is_a_description(tmp_path: Path) -> None:
    lines = SAMPLE_SOURCE.read_text(encoding="utf-8").splitlines()
    said = [line.removeprefix("# ") for line in lines if re.match(r'(# )?("[^"]+" = |[a-z_]+ = |\[)', line)]
    source = described(tmp_path, "\n".join(said))
    assert list(source.entities) == list(ENTITIES)
    assert source.entities["orders"].columns == {"Order No.": "order_id", "Ordered at": "order_date"}
    assert source.entities["orders"].statuses == {"in progress": "pending", "test order": "ignore"}
    assert source.entities["deliveries"].statuses == {"out for delivery": "in_transit"}


def test_the_sample_names_every_column_and_status_of_ours() -> None:
    text = SAMPLE_SOURCE.read_text(encoding="utf-8")
    names = {name for entity in ENTITIES for name in SCHEMAS[entity].names()}
    for name in (*names, *STATUSES, *DELIVERY_STATUSES):
        assert re.search(rf"\b{name}\b", text), name


# Text that TOML can hold in quotes, without what is trimmed or refused.
texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text.strip()
)
readings = st.fixed_dictionaries(
    {},
    optional={
        "time_zone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
        "date_formats": st.lists(
            st.sampled_from(["%d.%m.%Y", "%Y-%m-%d %H:%M", "unix", "unix_ms"]), max_size=3
        ),
        "delimiter": st.sampled_from([",", ";", "\t", "|", " "]),
        "encoding": st.sampled_from(["utf-8", "cp1252", "utf-16"]),
        "decimal_comma": st.booleans(),
        "null_values": st.lists(texts, max_size=3),
    },
)


@st.composite
def tables(draw: st.DrawFn, entity: str) -> dict[str, Any]:
    table: dict[str, Any] = {"path": draw(texts) + ".csv", **draw(readings)}
    theirs = st.lists(texts, max_size=4, unique_by=str.lower)
    ours = draw(st.permutations(SCHEMAS[entity].names()))
    table["columns"] = dict(zip(draw(theirs), ours, strict=False))
    if entity in ("orders", "deliveries"):
        known = STATUSES if entity == "orders" else DELIVERY_STATUSES
        table["statuses"] = {name: draw(st.sampled_from([*known, "ignore"])) for name in draw(theirs)}
    if draw(st.booleans()):
        table["change_day"] = draw(texts.filter(lambda text: text.lower() != "snapshot"))
    if draw(st.booleans()):
        table["format"] = draw(st.sampled_from(["csv", "parquet", "ndjson"]))
    return table


descriptions = st.tuples(
    readings,
    st.fixed_dictionaries(
        {"orders": tables("orders")},
        optional={entity: tables(entity) for entity in ENTITIES if entity != "orders"},
    ),
)


def toml(value: object) -> str:
    """One value on one line; tables inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml(str(key))} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    # JSON is TOML here, but for the one control character that JSON leaves as it is
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def file_of(content: dict[str, Any]) -> str:
    return "".join(f"{toml(key)} = {toml(value)}\n" for key, value in content.items())


fresh = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@fresh
@given(descriptions)
def test_what_is_described_is_what_is_read(
    tmp_path: Path, content: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    top, entities = content
    source = described(tmp_path, file_of(top | entities))
    assert list(source.entities) == [entity for entity in ENTITIES if entity in entities]
    for entity, table in entities.items():
        expected = Reading().model_dump() | top | table
        read = source.entities[entity].model_dump(exclude={"entity", "directory", "described_in"})
        statuses = {name.lower(): ours for name, ours in expected.pop("statuses", {}).items()}
        assert read.pop("statuses") == statuses
        for name, value in expected.items():
            assert read[name] == (tuple(value) if isinstance(value, list) else value), name
        assert set(read) - set(expected) <= {"format", "change_day"}


values = st.recursive(
    st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=8), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from([*Reading.model_fields, "path", "format", "change_day", "columns", "statuses"])


@fresh
@given(
    st.dictionaries(keys | st.text(max_size=8), values, max_size=4),
    st.dictionaries(keys | st.text(max_size=8), values, max_size=4),
)
def test_whatever_is_written_is_read_or_refused_in_one_line(
    tmp_path: Path, top: dict[str, Any], table: dict[str, Any]
) -> None:
    try:
        described(tmp_path, file_of({**top, "orders": {"path": "orders.csv", **table}}))
    except SourceError as error:
        assert str(error).startswith(f"{tmp_path}/source.toml: ")
        assert len(str(error).splitlines()) == 1


@fresh
@given(
    st.lists(
        st.sampled_from([*"YmdHMSIpyjbBefzZQ%.:", "%Y", "%m", "%d", "%H:%M", "%.f", "%p", " ", "-"]),
        max_size=8,
    )
)
def test_whatever_is_written_as_a_format_of_dates_is_read_or_refused(
    tmp_path: Path, parts: list[str]
) -> None:
    content = f"{ORDERS}date_formats = [{toml(''.join(parts))}]"
    try:
        described(tmp_path, content)
    except SourceError as error:
        assert "orders.date_formats: " in str(error)
        assert len(str(error).splitlines()) == 1
