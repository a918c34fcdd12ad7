"""Translate a statement in a few passes over its tree instead of seventy-six."""

import threading
from collections.abc import Callable
from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp
from sqlglot.expressions.core import Expression

_Kinds = tuple[type[Any], ...]

# The kinds of node each of fakesnow's translations acts on; what is not listed always runs.
ACTS_ON: dict[str, _Kinds] = {
    "identifier": (exp.Table,),
    "upper_case_unquoted_identifiers": (exp.Identifier,),
    "alter_session": (exp.Alter,),
    "current_version": (exp.CurrentVersion,),
    "set_schema": (exp.Use,),
    "create_database": (exp.Create,),
    "extract_comment_on_table": (exp.Create, exp.Comment, exp.Alter),
    "extract_comment_on_columns": (exp.Alter, exp.Comment),
    "information_schema_fs": (exp.Table,),
    "information_schema_databases": (exp.Table,),
    "drop_schema_cascade": (exp.Drop,),
    "tag": (exp.Alter, exp.Command, exp.Create, exp.Drop),
    "semi_structured_types": (exp.DataType,),
    "try_parse_json": (exp.Anonymous,),
    "split": (exp.Split,),
    "trim_cast_varchar": (exp.Trim,),
    "indices_to_json_extract": (exp.Bracket,),
    "json_extract_cast_as_varchar": (exp.JSONExtract,),
    "json_extract_cased_as_varchar": (exp.JSONExtract,),
    "json_extract_precedence": (exp.JSONExtract, exp.JSONExtractScalar),
    "flatten_value_cast_as_varchar": (exp.Cast,),
    "flatten": (exp.Explode,),
    "regex_replace": (exp.RegexpReplace,),
    "regex_substr": (exp.RegexpExtract,),
    "result_scan": (exp.TableFromRows,),
    "values_columns": (exp.Values,),
    "to_date": (exp.Anonymous,),
    "timestamp_offsets": (exp.Cast,),
    "to_decimal": (exp.ToNumber,),
    "to_timestamp": (exp.UnixToTime, exp.Anonymous, exp.Cast),
    "to_variant": (exp.ToVariant,),
    "object_construct": (exp.StarMap, exp.Struct, exp.JSONObject),
    "timestamp_ntz": (exp.DataType,),
    "float_to_double": (exp.DataType,),
    "extract_text_length": (exp.Create, exp.Alter),
    "sample": (exp.TableSample,),
    "array_size": (exp.ArraySize,),
    "random": (exp.Rand,),
    "array_agg_within_group": (exp.WithinGroup,),
    "array_agg": (exp.ArrayAgg,),
    "object_agg": (exp.ObjectAgg,),
    "array_construct_etc": (exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat),
    "dateadd_date_cast": (exp.DateAdd,),
    "dateadd_string_literal_timestamp_cast": (exp.DateAdd,),
    "datediff_string_literal_timestamp_cast": (exp.DateDiff,),
    "show_databases": (exp.Show,),
    "show_functions": (exp.Show, exp.Command),
    "show_procedures": (exp.Show, exp.Command),
    "show_parameters": (exp.Command,),
    "show_warehouses": (exp.Show,),
    "show_schemas": (exp.Show,),
    "show_tables_etc": (exp.Show,),
    "show_columns": (exp.Show,),
    "show_stages": (exp.Show,),
    "show_sequences": (exp.Show,),
    "show_keys": (exp.Show,),
    "show_users": (exp.Show,),
    "create_user": (exp.Command,),
    "haversine": (exp.Anonymous,),
    "hex_string": (exp.HexString,),
    "sha256": (exp.SHA2, exp.SHA2Digest, exp.Anonymous),
    "create_clone": (exp.Clone,),
    "alias_in_join": (exp.Join,),
    "alias_in_where": (exp.Where,),
    "create_stage": (exp.Create,),
    "create_file_format": (exp.Create,),
    "list_stage": (exp.ListStage,),
    "put_stage": (exp.Put,),
    "create_table_as": (exp.Create,),
}


class _Tree(threading.local):
    """The tree a thread is translating, and the kinds of node in it; None where that must be looked up."""

    translating = False
    root: Any = None
    kinds: set[type[Any]] | None = None


def apply() -> None:
    """Apply the fixes of this file."""
    skip_passes_that_find_nothing()


def skip_passes_that_find_nothing() -> None:
    """Leave out a translation for whose kind of node the statement has none.

    Stock walks the whole tree once per translation, which takes longer than DuckDB takes for a dbt test. The
    kinds present are looked up again after each pass that ran, because a pass can bring in new ones.
    """
    tree = _Tree()
    everything: Callable[..., Any] = Expression.transform
    translate = FakeSnowflakeCursor._transform

    def transform(self: Any, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        acts_on = ACTS_ON.get(_name(function)) if tree.translating else None
        if acts_on is None:
            tree.kinds = None
            return everything(self, function, *arguments, **options)
        if tree.kinds is None or tree.root is not self:
            tree.root, tree.kinds = self, {type(node) for node in self.walk()}
        if not any(issubclass(kind, acts_on) for kind in tree.kinds):
            return self
        tree.kinds = None
        return everything(self, function, *arguments, **options)

    def translate_in_few_passes(self: FakeSnowflakeCursor, *arguments: Any) -> Any:
        tree.translating = True
        try:
            return translate(self, *arguments)
        finally:
            tree.translating, tree.root, tree.kinds = False, None, None

    Expression.transform = transform  # type: ignore[method-assign,assignment]
    FakeSnowflakeCursor._transform = translate_in_few_passes  # type: ignore[method-assign,assignment]


def _name(function: Callable[..., Any]) -> str:
    """Name of the translation, also where the cursor wraps it in a lambda that adds arguments."""
    name = function.__name__
    if name != "<lambda>":
        return name
    return next((called for called in function.__code__.co_names if called in ACTS_ON), name)
