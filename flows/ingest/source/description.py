"""`source.toml`: where a shop's own files are, and how to read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from flows.errors import SourceError
from flows.ingest.source import settings
from flows.tables import DELIVERY_STATUSES, ENTITIES, SCHEMAS, STATUSES
from flows.toml_file import complaints, read_toml

EXAMPLE = "data/sample/source.toml"
SNAPSHOT = "snapshot"
IGNORE = "ignore"
MAPPED_STATUSES = {"orders": STATUSES, "deliveries": DELIVERY_STATUSES}


def _plain(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("should not be empty")
    if any(character < " " for character in text):
        raise ValueError("should hold no control characters")
    return text


def _several(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError("should be a list in brackets")
    return value


Texts = Annotated[tuple[Annotated[str, AfterValidator(str.strip)], ...], BeforeValidator(_several)]


class Reading(BaseModel):
    """How files are read: for all of them on top of the file, for one entity in its table."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    time_zone: Annotated[str, AfterValidator(settings.time_zone)] = "UTC"
    date_formats: Annotated[Texts, AfterValidator(settings.date_formats)] = ()
    delimiter: Annotated[str, AfterValidator(settings.delimiter)] = ","
    encoding: Annotated[str, AfterValidator(settings.encoding)] = "utf-8"
    decimal_comma: Annotated[bool, Strict()] = False
    null_values: Texts = ()


class _Top(Reading):
    max_reject_rate: Annotated[float, Strict(), Field(ge=0, le=1)] | None = None


class EntitySource(Reading):
    """The files of one entity.

    `path` is one file or a glob, relative to `directory`, which holds the description. `change_day`
    is `SNAPSHOT` or their column. `columns` leads from their names, as they wrote them, to ours;
    `statuses` from their words, stripped and in lower case, to ours or `IGNORE`. No `date_formats`
    means ISO 8601.
    """

    entity: Literal["customers", "products", "orders", "deliveries"]
    path: Annotated[str, AfterValidator(_not_blank)]
    directory: Path
    described_in: Path
    format: Annotated[Literal["csv", "parquet", "ndjson"], BeforeValidator(_plain)] | None = None
    change_day: Annotated[str, AfterValidator(_not_blank), AfterValidator(str.strip)] = SNAPSHOT
    columns: dict[str, str] = {}
    statuses: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _tabs_by_name(cls, content: dict[str, Any]) -> dict[str, Any]:
        path = content.get("path")
        tabs = isinstance(path, str) and path.lower().removesuffix(".gz").endswith(".tsv")
        return {"delimiter": "\t", **content} if tabs else content

    @field_validator("change_day")
    @classmethod
    def _snapshot_in_any_case(cls, change_day: str) -> str:
        return SNAPSHOT if change_day.lower() == SNAPSHOT else change_day

    @field_validator("columns", "statuses", mode="before")
    @classmethod
    def _a_table_of_texts(cls, names: object) -> object:
        if not isinstance(names, dict):
            raise ValueError('should be a table of lines such as "THEIRS" = "OURS"')
        for theirs, ours in names.items():
            if not isinstance(ours, str):
                raise ValueError(
                    f'{theirs!r} should be given a text, and in quotes itself: "THEIRS" = "OURS"'
                )
            if not theirs.strip():
                raise ValueError("an empty name cannot be mapped")
        return names

    @field_validator("columns")
    @classmethod
    def _ours_once(cls, columns: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = SCHEMAS[info.data["entity"]].names()
        mapped: dict[str, str] = {}
        for theirs, ours in _stripped(columns):
            if ours not in known:
                raise ValueError(
                    f"{theirs!r} = {ours!r}: to the right should stand a column of ours"
                    f"{settings.suggestion(ours, known)}; known: {', '.join(known)}"
                )
            for other, taken in mapped.items():
                if theirs.lower() == other.lower():
                    raise ValueError(f"{other!r} and {theirs!r} are the same name; keep one")
                if ours == taken:
                    raise ValueError(f"{other!r} and {theirs!r} cannot both be {ours}; keep one")
            mapped[theirs] = ours
        return mapped

    @field_validator("statuses")
    @classmethod
    def _statuses_of_ours(cls, statuses: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        known = (*MAPPED_STATUSES.get(info.data["entity"], ()), IGNORE)
        mapped: dict[str, str] = {}
        for theirs, ours in _stripped(statuses):
            if ours not in known:
                raise ValueError(
                    f"{theirs!r} = {ours!r}: to the right should stand a status of ours"
                    f"{settings.suggestion(ours, known)}; known: {', '.join(known)}"
                )
            if mapped.setdefault(theirs.lower(), ours) != ours:
                raise ValueError(f"{theirs!r} cannot be both {mapped[theirs.lower()]} and {ours}; keep one")
        return mapped


def _stripped(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((theirs.strip(), ours.strip().lower()) for theirs, ours in names.items())


class Source(BaseModel):
    """Everything a `source.toml` says; `entities` in the order of `ENTITIES`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    described_in: Path
    entities: dict[str, EntitySource]
    max_reject_rate: float | None = None


_READING = tuple(Reading.model_fields)
_FILE = ("path", "format", "change_day", "columns")


def read_description(path: Path) -> Source:
    """Read a `source.toml`.

    Raises:
        SourceError: it cannot be read, or says what cannot be; one line that names every such key.
    """
    content = read_toml(path, EXAMPLE, SourceError)
    wrong: list[str] = []
    tables = {entity: content.pop(entity) for entity in ENTITIES if entity in content}
    if "orders" not in tables:
        wrong.append(_needs_a_path("orders"))
    wrong += _unknown_on_top(content)
    top = _Top()
    try:
        top = _Top.model_validate({key: content[key] for key in content if key in _Top.model_fields})
    except ValidationError as error:
        wrong += complaints(error, "unknown key")
    given = top.model_dump(exclude_unset=True, exclude={"max_reject_rate"})
    entities: dict[str, EntitySource] = {}
    for entity, table in tables.items():
        if not _has_a_path(table):
            wrong.append(_needs_a_path(entity))
            continue
        wrong += _unknown_in(entity, table)
        fields = {key: value for key, value in table.items() if key in _known(entity)}
        place = {"entity": entity, "directory": path.absolute().parent, "described_in": path}
        try:
            entities[entity] = EntitySource.model_validate({**given, **fields, **place})
        except ValidationError as error:
            wrong += complaints(error, "unknown key", under=(entity,))
    if wrong:
        # a name of theirs may hold anything, line ends included
        raise SourceError(" ".join(f"{path}: {'; '.join(wrong)}".split()))
    return Source(described_in=path, entities=entities, max_reject_rate=top.max_reject_rate)


def _has_a_path(table: object) -> bool:
    return isinstance(table, dict) and isinstance(table.get("path"), str) and bool(table["path"].strip())


def _needs_a_path(entity: str) -> str:
    return f'needs a table [{entity}] with path = "FILE.csv" (or .parquet or .ndjson, or a glob)'


def _known(entity: str) -> tuple[str, ...]:
    return (*_FILE, *(("statuses",) if entity in MAPPED_STATUSES else ()), *_READING)


def _unknown_on_top(content: dict[str, Any]) -> list[str]:
    said = [
        f"{key}: belongs into the table of an entity, such as [orders]"
        for key in content
        if key in (*_FILE, "statuses")
    ]
    unknown = [key for key in content if key not in (*_FILE, "statuses", *_Top.model_fields)]
    if unknown:
        known = (*ENTITIES, *_Top.model_fields)
        said.append(f"unknown table or key {settings.among(unknown, known)}")
    return said


def _unknown_in(entity: str, table: dict[str, Any]) -> list[str]:
    unknown = [key for key in table if key not in _known(entity)]
    said = []
    if "max_reject_rate" in unknown:
        unknown.remove("max_reject_rate")
        said.append(f"{entity}.max_reject_rate: is for all entities together; write it above the first table")
    if "statuses" in unknown:
        unknown.remove("statuses")
        said.append(f"{entity}.statuses: {entity} have no status; orders and deliveries have")
    if unknown:
        said.append(f"[{entity}] has unknown key {settings.among(unknown, _known(entity))}")
    return said
