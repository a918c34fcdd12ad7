"""First guesses about files nobody described yet: which is which entity, and how to read it."""

import gzip
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

import polars as pl
from charset_normalizer import from_bytes

from flows.errors import SourceError
from flows.ingest.source.description import EntitySource
from flows.ingest.source.files import format_of
from flows.ingest.source.records import read_records
from flows.tables import ENTITIES, SCHEMAS

_HEAD_BYTES = 1 << 20
_SAMPLE_PIECES = 4
_DELIMITERS = ",;\t|"
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254")
_SAMPLE_VALUES = 20_000
_MOST_STATUSES = 60
_GOOD_SHARE = 0.9
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?(\d\d)?)?)?")
_DATE_FORMATS = (
    *("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y", "%d.%m.%y"),
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%d/%m/%y"),
    *("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%m/%d/%Y"),
    *("%m/%d/%y %H:%M", "%m/%d/%y"),
    *("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y", "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%B %d, %Y"),
    *("%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d", "%Y%m%d%H%M%S", "%Y%m%d"),
)


@dataclass(frozen=True)
class Sample:
    """The beginning of one file, or of the first of several that differ in their numbers only."""

    path: str
    files: int
    encoding: str
    delimiter: str
    frame: pl.DataFrame


@dataclass(frozen=True)
class Guess:
    """What a sample seems to hold.

    `columns` is theirs to ours; `statuses` theirs to ours, None where no word fits; `swapped` the date
    formats with day and month the other way round that the values would allow as well.
    """

    entity: str
    sample: Sample
    columns: dict[str, str]
    statuses: dict[str, str | None] = field(default_factory=dict)
    date_formats: tuple[str, ...] = ()
    swapped: tuple[str, ...] = ()
    decimal_comma: bool = False


def samples_of(directory: Path) -> tuple[list[Sample], dict[str, str]]:
    """The beginnings of the files in a directory, and why others cannot be read, by name."""
    groups: dict[str, list[Path]] = {}
    for file in sorted(directory.iterdir()):
        if not file.name.startswith(".") and format_of(file) is not None:
            groups.setdefault(_glob_of(file.name), []).append(file)
    samples, unreadable = [], {}
    for pattern, files in groups.items():
        name = pattern if len(files) > 1 else files[0].name
        try:
            samples.append(_sample(directory, name, files))
        except SourceError as error:
            unreadable[name] = str(error)
    return samples, unreadable


def guesses(samples: Sequence[Sample]) -> list[Guess]:
    """At most one guess an entity, and one entity a sample; the best fits first come, first served."""
    fits = [
        (fit, sample, entity, columns)
        for sample in samples
        for entity in ENTITIES
        if (fit := _fit(entity, columns := _columns(entity, sample))) > 0
    ]
    fits.sort(key=lambda fit: -fit[0])
    found: dict[str, Guess] = {}
    taken: set[str] = set()
    for _, sample, entity, columns in fits:
        if entity not in found and sample.path not in taken:
            taken.add(sample.path)
            found[entity] = _guess(entity, sample, columns)
    return [found[entity] for entity in ENTITIES if entity in found]


def plain(text: str) -> str:
    """Letters and digits only, lower case, without accents: `Bestell-Nr.` is `bestellnr`."""
    decomposed = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    return re.sub(r"[^a-z0-9]", "", decomposed.lower())


@cache
def _vocabulary() -> dict[str, dict[str, dict[str, list[str]]]]:
    text = Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8")
    return {
        kind: {
            entity: {ours: words.split() for ours, words in table.items()}
            for entity, table in entities.items()
        }
        for kind, entities in tomllib.loads(text).items()
    }


def _glob_of(name: str) -> str:
    """`orders-2026-11-01.csv` is one of `orders-*.csv`."""
    stem, dot, suffixes = name.partition(".")
    return re.sub(r"\d[\d_-]*", "*", re.sub(r"([\[\]?*])", r"[\1]", stem)) + dot + suffixes


def _sample(directory: Path, path: str, files: list[Path]) -> Sample:
    encoding, delimiter = "utf-8", ","
    if format_of(files[0]) != "parquet":
        head = _head(files[0])
        encoding = _encoding(head)
        delimiter = _delimiter(head.decode(encoding, errors="replace"))
    source = EntitySource(
        entity="orders",
        path=files[0].name,
        directory=directory,
        described_in=directory / "source.toml",
        encoding=encoding,
        delimiter=delimiter,
    )
    pieces = [records.frame for records in islice(read_records(source), _SAMPLE_PIECES)]
    return Sample(path, len(files), encoding, delimiter, pl.concat(pieces, how="diagonal_relaxed"))


def _head(file: Path) -> bytes:
    try:
        with gzip.open(file) if file.name.lower().endswith(".gz") else file.open("rb") as stream:
            return stream.read(_HEAD_BYTES)
    except (OSError, EOFError):
        return b""  # reading it will tell what is wrong


def _encoding(head: bytes) -> str:
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return encoding
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        best = from_bytes(head[: 1 << 16], cp_isolation=list(_CODE_PAGES)).best()
        found = best.encoding if best else _CODE_PAGES[0]
        # the code pages of Europe agree on most letters; the commonest of those that say the same
        text = head.decode(found, errors="replace")
        return next(page for page in (*_CODE_PAGES, found) if head.decode(page, errors="replace") == text)


def _delimiter(text: str) -> str:
    """The one that stands as often in the second line as in the first, and most."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}
    steady = [mark for mark, found in counts.items() if found and found[0] and len(set(found)) == 1]
    candidates = steady or [mark for mark, found in counts.items() if found and found[0]]
    return max(candidates, key=lambda mark: counts[mark][0], default=",")


def _columns(entity: str, sample: Sample) -> dict[str, str]:
    """Theirs to ours. A column that has our name is ours, whatever words would fit others."""
    theirs = {name: plain(name) for name in sample.frame.columns}
    found: dict[str, str] = {}
    for ours in SCHEMAS[entity]:
        words = [plain(ours), *_vocabulary()["columns"][entity].get(ours, [])]
        ranked = [
            (rank, name)
            for name, word in theirs.items()
            if name not in found and (rank := words.index(word) if word in words else None) is not None
        ]
        if ranked:
            found[min(ranked)[1]] = ours
    return found


def _fit(entity: str, columns: dict[str, str]) -> float:
    """How much of an entity's columns is there; nothing without its key."""
    key = next(iter(SCHEMAS[entity]))
    ours = set(columns.values())
    if key not in ours or len(ours) < 2:
        return 0.0
    if entity == "orders" and not {"order_date", "status"} & ours:
        return 0.0
    if entity == "deliveries" and not {"carrier", "shipped_at", "delivered_at"} & ours:
        return 0.0
    # the whole of a small entity is a better fit than a part of a large one
    return len(ours) / len(SCHEMAS[entity]) + (entity == "orders") * len(ours) / 100


def _guess(entity: str, sample: Sample, columns: dict[str, str]) -> Guess:
    theirs = {ours: name for name, ours in columns.items()}
    schema = SCHEMAS[entity]
    dates = [sample.frame[theirs[ours]] for ours in theirs if schema[ours].is_temporal()]
    formats, swapped = _date_formats([values for values in dates if values.dtype == pl.String])
    numbers = [sample.frame[theirs[ours]] for ours in theirs if schema[ours].is_numeric()]
    return Guess(
        entity,
        sample,
        columns,
        statuses=_statuses(entity, sample.frame[theirs["status"]]) if "status" in theirs else {},
        date_formats=formats,
        swapped=swapped,
        decimal_comma=any(_has_decimal_comma(values) for values in numbers if values.dtype == pl.String),
    )


def _statuses(entity: str, values: pl.Series) -> dict[str, str | None]:
    words = _vocabulary()["statuses"][entity]
    known = {word: ours for ours, theirs in words.items() for word in [plain(ours), *theirs]}
    counted = Counter(values.cast(pl.String).str.strip_chars().drop_nulls().to_list())
    return {
        text: known.get(plain(text))
        for text, _ in counted.most_common(_MOST_STATUSES)
        if text and text.lower() != known.get(plain(text))
    }


def _date_formats(columns: Iterable[pl.Series]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Formats that read these columns, none where all is ISO 8601; and those that might as well."""
    chosen: Counter[str] = Counter()
    iso = 0
    rivals: set[str] = set()
    for column in columns:
        values = _values(column)
        if values.is_empty():
            continue
        if values.str.contains(f"^{_ISO.pattern}$").mean() or _GOOD_SHARE <= 0.0:
            iso += 1
            continue
        reads = {form: share for form, share in _shares(values) if share >= _GOOD_SHARE}
        if not reads:
            continue
        best = max(reads.values())
        equal = [form for form, share in reads.items() if share == best]
        chosen[equal[0]] += 1
        rivals.update(equal[1:])
    if not chosen:
        return (), ()
    formats = (
        *(form for form, _ in chosen.most_common()),
        *(("%Y-%m-%d", "%Y-%m-%d %H:%M:%S") if iso else ()),
    )
    return tuple(formats), tuple(sorted(rivals - set(formats)))


def _values(column: pl.Series) -> pl.Series:
    text = column.head(_SAMPLE_VALUES).str.strip_chars()
    return text.filter(text.is_not_null() & (text != ""))


def _shares(values: pl.Series) -> Iterator[tuple[str, float]]:
    """How much of the values each format reads, and reads whole."""
    for form in _DATE_FORMATS:
        parsed = values.str.to_datetime(form, time_unit="us", strict=False, cache=False)
        plausible = parsed.dt.year().is_between(1970, 2100).fill_null(False)
        yield form, _share(plausible)


def _share(hits: pl.Series) -> float:
    return float(hits.sum()) / max(1, hits.len())


def _has_decimal_comma(values: pl.Series) -> bool:
    text = _values(values)
    commas = text.str.contains(r"^-?(\d{1,3}(\.\d{3})*|\d+),\d{1,2}$").sum()
    points = text.str.contains(r"^-?\d+\.\d{1,2}$").sum()
    return commas > points
