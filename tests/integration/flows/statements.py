"""What a statement is, by its text alone: its kind, its functions, its clauses and types, its outer form."""

import re
from collections.abc import Iterable, Iterator

import sqlglot
from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp
from sqlglot.tokens import TokenType

# What sqlglot takes for Snowflake's without a model of its own; sqlfluff alone checks its grammar.
COMMANDS = {
    r"REMOVE @": "REMOVE",
    r"SHOW USER FUNCTIONS ": "SHOW USER FUNCTIONS",
    r"CREATE ROLE ": "CREATE ROLE",
    r"CREATE USER ": "CREATE USER",
    r"ALTER USER ": "ALTER USER",
    r"GRANT ROLE ": "GRANT ROLE",
    r"GRANT \w+ ON ALL ": "GRANT … ON ALL",
    r"GRANT \w+ ON FUTURE ": "GRANT … ON FUTURE",
}
STATEMENTS: dict[type[exp.Expr], str] = {
    exp.Commit: "COMMIT",
    exp.Copy: "COPY INTO <table>",
    exp.Delete: "DELETE",
    exp.Grant: "GRANT … ON",
    exp.ListStage: "LIST",
    exp.Put: "PUT",
    exp.Rollback: "ROLLBACK",
    exp.Select: "SELECT",
    exp.Transaction: "BEGIN",
    exp.Union: "SELECT",
    exp.Update: "UPDATE",
}
CLAUSES: dict[type[exp.Expr], str] = {
    exp.Between: "BETWEEN",
    exp.Case: "CASE",
    exp.CTE: "WITH",
    exp.Div: "/",
    exp.Distinct: "DISTINCT",
    exp.Exists: "EXISTS",
    exp.Group: "GROUP BY",
    exp.Having: "HAVING",
    exp.Limit: "LIMIT",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.Order: "ORDER BY",
    exp.Qualify: "QUALIFY",
    exp.Where: "WHERE",
    exp.Window: "OVER",
    exp.WithinGroup: "WITHIN GROUP",
}
# Every database has these, or the kind of the statement says it all.
PLAIN = {
    *STATEMENTS,
    *(exp.Add, exp.Alias, exp.Alter, exp.And, exp.Boolean, exp.Column, exp.ColumnConstraint, exp.ColumnDef),
    *(exp.Command, exp.CopyParameter, exp.Create, exp.Credentials, exp.DataTypeParam, exp.Describe, exp.Drop),
    *(exp.EQ, exp.From, exp.GT, exp.GTE, exp.GrantPrincipal, exp.GrantPrivilege, exp.Identifier, exp.If),
    *(exp.Insert, exp.Is, exp.LT, exp.LTE, exp.Literal, exp.Mod, exp.Mul, exp.NEQ, exp.Neg, exp.Not),
    *(exp.NotNullColumnConstraint, exp.Null, exp.Or, exp.Ordered, exp.Paren, exp.Properties, exp.Property),
    *(exp.Schema, exp.SchemaCommentProperty, exp.Show, exp.Star, exp.Sub, exp.Table, exp.TableAlias),
    *(exp.TemporaryProperty, exp.TransientProperty, exp.Tuple, exp.Use, exp.Values, exp.Var, exp.With),
}
# Words that a parenthesis may follow, and that call nothing.
NO_FUNCTIONS = {
    "AND",
    "AS",
    "EXISTS",
    "FROM",
    "GROUP",
    "IN",
    "NOT",
    "NUMBER",
    "OR",
    "OVER",
    "VALUES",
    "WHERE",
}

_PATH = re.compile(r"(?<=@raw\.landing/)\S+")
_UNION = re.compile(r" union (?:all|distinct) ")
_REPEATED = re.compile(r"('…'|0)(, ?\1)+")


def parse(sql: str) -> exp.Expr:
    """The statement's tree in Snowflake's dialect.

    Raises:
        ParseError: it is not in that dialect, not one statement, or nothing that is known.
    """
    (tree,) = filter(None, sqlglot.parse(sql, read="snowflake", error_level=sqlglot.ErrorLevel.RAISE))
    if isinstance(tree, exp.Command) and not _command(tree):
        raise sqlglot.ParseError(f"sqlglot has no model of {tree.sql('snowflake')}")
    return tree


def kind(tree: exp.Expr) -> str:
    """A short name for what the statement does."""
    match tree:
        case exp.Command():
            return _command(tree)
        case exp.Create():
            return _joined(
                "CREATE",
                tree.args.get("replace") and "OR REPLACE",
                tree.find(exp.TransientProperty) and "TRANSIENT",
                tree.find(exp.TemporaryProperty) and "TEMPORARY",
                tree.kind,
                tree.args.get("exists") and "IF NOT EXISTS",
                tree.kind == "TABLE" and tree.expression and "AS SELECT",
            )
        case exp.Insert():
            source = "VALUES" if isinstance(tree.expression, exp.Values) else "SELECT"
            return _joined("INSERT", tree.args.get("overwrite") and "OVERWRITE", "…", source)
        case exp.Alter():
            actions = {type(action) for action in tree.args["actions"]}
            return f"ALTER {tree.kind} … " + ("ADD COLUMN" if actions == {exp.ColumnDef} else f"{actions}")
        case exp.Drop() | exp.Describe() | exp.Use():
            return _joined(tree.key, tree.args.get("kind"), tree.args.get("exists") and "IF EXISTS")
        case exp.Show():
            return _joined("SHOW", tree.args.get("terse") and "TERSE", tree.name)
        case _:
            return STATEMENTS.get(type(tree), tree.key.upper())


def functions(sql: str) -> set[str]:
    """The functions that are called, as they are written."""
    tokens = sqlglot.tokenize(sql, read="snowflake")
    called = {
        word.text.upper()
        for before, word, after in zip([None, *tokens], tokens, tokens[1:], strict=False)
        if after.token_type is TokenType.L_PAREN
        and word.token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
        and word.text.isidentifier()
        and not (before and before.token_type is TokenType.DOT)
    }
    return called - NO_FUNCTIONS


def quoted_names(sql: str) -> list[str]:
    """The names in double quotes."""
    tokens = sqlglot.tokenize(sql, read="snowflake")
    return [token.text for token in tokens if token.token_type is TokenType.IDENTIFIER]


def clauses(tree: exp.Expr) -> Iterator[str]:
    """Clauses and types, and whatever else is no function and not plain."""
    for node in tree.walk():
        match node:
            case exp.DataType():
                yield node.this.value.replace("DECIMAL", "NUMBER").replace("TIMESTAMPNTZ", "TIMESTAMP_NTZ")
            case exp.Join():
                yield _joined(node.side, node.kind, "JOIN")
            case exp.Union():
                yield "UNION DISTINCT" if node.args.get("distinct") else "UNION ALL"
            case exp.In() | exp.All() if node.find(exp.Select):
                yield "IN (SELECT …)"
            case exp.Subquery():
                if not isinstance(node.parent, exp.From | exp.Join | exp.Create | exp.In | exp.All):
                    yield "(SELECT …) as a value"
            case exp.In() | exp.All():
                pass
            case exp.Ordered() if node.args.get("nulls_first") is False and node.args.get("desc"):
                yield "NULLS LAST"
            case _ if type(node) in CLAUSES:
                yield CLAUSES[type(node)]
            case exp.Func():
                pass
            case _ if type(node) not in PLAIN:
                yield node.key.upper()


def misplaced_queries(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Each `IN (SELECT …)` outside of a WHERE, or beside an OR; Snowflake promises neither."""
    for node in tree.find_all(exp.In, exp.All):
        around = node.parent if node.find(exp.Select) else None
        while isinstance(around, exp.And | exp.NEQ | exp.Not | exp.Paren):
            around = around.parent
        if around and not isinstance(around, exp.Where):
            yield node


def shape(sql: str) -> str:
    """The statement without comments, literals and names that differ by run: what makes it the same again."""
    sql = _PATH.sub("path/", sql)
    tokens = sqlglot.tokenize(sql, read="snowflake")
    if tokens[0].token_type is TokenType.COMMAND:  # whose words sqlglot leaves alone
        return " ".join(sql.lower().split()).strip(" ;")
    said, end = "", 0
    for token in tokens:
        text = sql[token.start : token.end + 1]
        literal = {TokenType.STRING: "'…'", TokenType.NUMBER: "0"}.get(token.token_type, text)
        said += (" " if token.start > end else "") + literal
        end = token.end + 1
    return _REPEATED.sub(r"\1", re.sub(r"_past\b", "", said.lower())).strip(" ;")


def parts(said: str) -> list[str]:
    """Its queries one by one, and what is around them: statements have most of them in common."""
    queries: list[str] = []
    open_ones = [""]
    for character in said:
        if character == "(":
            open_ones.append("")
        elif character == ")":
            inner = open_ones.pop().strip()
            if re.match(r"(select|with)\b", inner):
                queries += _UNION.split(inner)
                inner = "select 0"
            open_ones[-1] += f"({inner})"
        else:
            open_ones[-1] += character
    return [*queries, *_UNION.split(open_ones[0])]


def outside_the_grammar(statements: Iterable[str]) -> dict[str, str]:
    """What sqlfluff cannot parse, and why."""
    linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake", "templater": "raw"}))
    found = {statement: linter.parse_string(statement).violations for statement in statements}
    return {statement: str(violations[0]) for statement, violations in found.items() if violations}


def _command(tree: exp.Command) -> str:
    text = tree.sql("snowflake", comments=False).upper()
    return next((name for pattern, name in COMMANDS.items() if re.match(pattern, text)), "")


def _joined(*words: object) -> str:
    return " ".join(str(word).upper() for word in words if word)
