"""LIST, REMOVE, PUT and uploads on paths of internal stages."""

import hashlib
import os
import re
import shutil
import uuid
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from fakesnow import transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import stage
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

REMOVE = re.compile(r"(remove|rm)$", re.IGNORECASE)
UPLOADS = ".uploads"
GATHERED_BYTES = 2 * 2**20  # a thread a chunk of the network would take longer than the writing


def apply() -> None:
    """Apply the fixes of this file."""
    FakeSnowflakeCursor._transform = _with_list_and_remove(FakeSnowflakeCursor._transform)  # type: ignore[method-assign]
    transforms.put_stage = _accept_quoted_target(transforms.put_stage)
    transforms.create_stage = _with_directory(transforms.create_stage)


def recover(connection: duckdb.DuckDBPyConnection) -> None:
    """Know the stages there were before a restart, and forget uploads that a killed server never finished.

    Stock keeps stages in memory. On Snowflake a stage is there until it is dropped, so that a client whose
    session was lost finds it again.
    """
    bucket = Path(stage.LOCAL_BUCKET_PATH)
    shutil.rmtree(bucket / UPLOADS, ignore_errors=True)
    databases = connection.execute("select database_name from duckdb_databases()").fetchall()
    for home in sorted(bucket.glob("*/*/*/")):
        database, schema, name = home.relative_to(bucket).parts
        if (database,) in databases and not stage.is_table_stage(name):
            create = f'create stage if not exists "{database}"."{schema}"."{name}"'
            known = stage.create_stage(sqlglot.parse_one(create, read="snowflake"), None, None)
            connection.execute(known.sql(dialect="duckdb"))


def _with_directory(stock: Any) -> Any:
    """Give a stage its directory when it is created, by which it is known after a restart."""

    def create_stage(expression: exp.Expr, database: str | None, schema: str | None) -> exp.Expr:
        transformed: exp.Expr = stock(expression, database, schema)
        if transformed.args.get("create_stage_name") and (table := expression.find(exp.Table)):
            names = (table.catalog or database, table.db or schema, table.name)
            elsewhere = any(prop.this.name.upper() == "URL" for prop in expression.find_all(exp.Property))
            if all(names) and not elsewhere and not expression.find(exp.TemporaryProperty):
                Path(stage.internal_dir(".".join(map(str, names)))).mkdir(parents=True, exist_ok=True)
        return transformed

    return create_stage


def _with_list_and_remove(stock: Any) -> Any:
    """LIST and REMOVE below a path of a stage; stock lists whole stages only and removes nothing.

    A path is a prefix of file names, not a directory: `@landing/batch-1` also means `batch-10`. Columns as in
    https://docs.snowflake.com/en/sql-reference/sql/list and https://docs.snowflake.com/en/sql-reference/sql/remove
    """

    def transform(self: FakeSnowflakeCursor, expression: exp.Expr, params: Any) -> exp.Expr:
        if isinstance(expression, exp.ListStage):
            return _rows(
                ("name", "size", "md5", "last_modified"),
                [_listed(file) for file in _files(self, expression.this.name)[1]],
            )
        if isinstance(expression, exp.Command) and REMOVE.match(str(expression.this)):
            root, files = _files(self, str(expression.expression.name).strip())
            names = [stage.internal_file_name(str(file)) for file in files]
            for file in files:
                file.unlink(missing_ok=True)
                _remove_empty(file.parent, root)
            return _rows(("name", "result"), [(name, "removed") for name in names])
        return stock(self, expression, params)

    return transform


def _files(cursor: FakeSnowflakeCursor, reference: str) -> tuple[Path, list[Path]]:
    """The stage's directory, and the files in it whose path starts with the reference's path, by name."""
    reference = _unquoted(reference)
    if not reference.startswith("@") or re.search(r"\s+pattern\s*=", reference, re.IGNORECASE):
        raise ProgrammingError(
            msg=f"{reference}: the local warehouse understands @stage[/path], without PATTERN",
            errno=1003,
            sqlstate="42000",
        )
    name, _, path = reference[1:].partition("/")
    connection = cursor._conn
    catalog, schema, stage_name = stage.parts_from_var(name, connection.database, connection.schema)
    lookup = stage.stage_lookup_sql(catalog, schema, stage_name, connection.table_stages)
    found = cursor._duck_conn.execute(lookup).fetchone()
    if found is None:
        raise stage.not_found_error(f"{catalog}.{schema}.{stage_name}")
    root = Path(stage.internal_dir(found[0]))
    # not rglob, which fails where a directory is removed meanwhile
    files = [Path(directory, name) for directory, _, names in os.walk(root) for name in names]
    return root, sorted(file for file in files if file.relative_to(root).as_posix().startswith(path))


def _remove_empty(directory: Path, root: Path) -> None:
    """Remove a directory of the stage, and those above it, as far as nothing is in them."""
    with suppress(OSError):
        while directory != root:
            directory.rmdir()
            directory = directory.parent


def _listed(file: Path) -> tuple[str, int, str, str]:
    status = file.stat()
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return (
        stage.internal_file_name(str(file)),
        status.st_size,
        digest,
        formatdate(status.st_mtime, usegmt=True),
    )


def _rows(columns: tuple[str, ...], rows: list[Any]) -> exp.Expr:
    names = ", ".join(f'"{column}"' for column in columns)
    values = [tuple(exp.convert(value).sql(dialect="duckdb") for value in row) for row in rows]
    if not values:
        nothing = ", ".join(f"'' as \"{column}\"" for column in columns)
        return sqlglot.parse_one(f"select {nothing} where false", read="duckdb")
    listed = ", ".join(f"({', '.join(row)})" for row in values)
    return sqlglot.parse_one(f"select * from (values {listed}) as files ({names})", read="duckdb")  # noqa: S608


def _accept_quoted_target(stock: Any) -> Any:
    """PUT to `'@stage/path with spaces'`; stock takes the quotes for a part of the name."""

    def put_stage(expression: exp.Expr, *args: Any) -> exp.Expr:
        if isinstance(expression, exp.Put):
            expression.args["target"].set("this", _unquoted(expression.args["target"].name))
        return stock(expression, *args)

    return put_stage


def _unquoted(reference: str) -> str:
    if reference.startswith("'") and reference.endswith("'"):
        return reference[1:-1].replace("''", "'")
    return reference


async def upload(request: Request) -> Response:
    """PUT /fs_bucket/{path}: receive a staged file, which appears under its name when it is complete.

    Stock holds the whole file in memory and writes it in place, where a COPY could find half of it.
    """
    bucket = Path(stage.LOCAL_BUCKET_PATH)
    target = (bucket / request.path_params["path"]).resolve()
    if len(target.relative_to(bucket).parts if target.is_relative_to(bucket) else ()) < 4:
        return Response(status_code=400)  # not <database>/<schema>/<stage>/…
    partial = bucket / UPLOADS / uuid.uuid4().hex
    partial.parent.mkdir(exist_ok=True)
    try:
        with partial.open("wb") as file:
            gathered = bytearray()
            async for chunk in request.stream():
                gathered += chunk
                if len(gathered) >= GATHERED_BYTES:
                    await run_in_threadpool(file.write, gathered)
                    gathered = bytearray()
            await run_in_threadpool(file.write, gathered)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return Response()
