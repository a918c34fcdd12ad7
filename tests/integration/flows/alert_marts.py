"""The alert mart as tables to write, the project's own views over them, and the ledger."""

from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import polars as pl

from flows import paths
from flows.alert.audiences import Audiences, read_audiences
from flows.alert.findings import plan_parameters, read_findings, read_plan
from flows.alert.outbox import mark_sent, unsent
from flows.alert.reserving import reserve_day
from flows.alert.telling import Teller
from flows.migrations import prepare

ORDER = """
    order_id varchar, customer_id varchar, customer_name varchar, product_id varchar, product_name varchar,
    carrier varchar, country varchar, shipping_tier varchar, order_date timestamp_ntz, status varchar
"""
MART = f"""
create schema if not exists staging;
create schema if not exists marts;
create schema if not exists alerts;
create table staging.current_build (as_of date);
create table staging.built_days (as_of date);
create table staging.stg_sla_rules (
    rule_id varchar, description varchar, severity varchar, owner varchar, clock_start varchar,
    clock_stop varchar, threshold number, unit varchar, shipping_tier varchar, country varchar,
    carrier varchar, segment varchar, valid_from date, valid_to date
);
create table staging.stg_alert_policies (
    rule_id varchar, remind_every_days number, escalate_after_days number, escalate_at_severity varchar,
    escalate_to varchar, quiet_days varchar, warn_at_risk boolean
);
create table marts.fct_orders (
    order_id varchar, customer_id varchar, product_id varchar, carrier varchar, country varchar,
    segment varchar, shipping_tier varchar, ordered_at timestamp_ntz, order_day date, promised_on date,
    shipped_at timestamp_ntz, delivered_at timestamp_ntz, stopped_on date, status varchar, is_open boolean,
    is_delivered boolean, order_total number(38, 2)
);
create table marts.dim_customers (customer_id varchar, customer_name varchar);
create table marts.dim_products (product_id varchar, product_name varchar);
create table alerts.sla_breaches (
    rule_id varchar, severity varchar, owner varchar, {ORDER}, started_at timestamp_ntz, breached_on date,
    days_elapsed number, days_over number, amount_at_stake number(38, 2), as_of date
);
create table alerts.sla_at_risk (
    rule_id varchar, severity varchar, owner varchar, {ORDER}, started_at timestamp_ntz,
    due_at timestamp_ntz, breaks_on date, days_elapsed number, days_left number,
    amount_at_stake number(38, 2), as_of date
);
create table alerts.data_health (
    check_name varchar, entity varchar, column_name varchar, is_odd boolean, reason varchar
)
"""
VIEWS = ("alert_states", "sla_alerts", "breach_history")
SCHEMAS = {
    "stg": "staging",
    "cur": "staging",
    "fct": "marts",
    "dim": "marts",
    "sla": "alerts",
    "ale": "alerts",
}
# audiences with webhooks, whose messages can be written without a block
PEOPLE = Path(__file__).with_name("audiences.toml")
RULE, OWNER = "delivery_7d", "order-team"


@cache
def project_view(name: str) -> str:
    """The SQL of a model of the alerts, over the tables of `MART`."""
    macros = [paths.DBT_PROJECT / "macros" / f"{file}.sql" for file in ("rules", "policies")]
    model = paths.DBT_PROJECT / "models" / "alerts" / f"{name}.sql"
    text = "\n".join(path.read_text() for path in (*macros, model))
    return jinja2.Template(text).render(
        config=lambda **_options: "",
        ref=lambda model: f"{SCHEMAS[model[:3]]}.{model}",
        source=lambda schema, table: f"{schema}.{table}",
    )


class Alerts:
    """The alert mart, which a test lets stand as it likes, and the ledger."""

    def __init__(self, shop: Any) -> None:
        self.shop = shop
        self.connection = shop.connection
        self.connection.execute_string(MART)
        prepare(self.connection, "prod")
        for view in VIEWS:
            self.shop.rows(f"create view alerts.{view} as {project_view(view)}")
        self._policies: dict[str, dict[str, Any]] = {"*": {"remind_every_days": 7}}
        self.rule(RULE)

    def rule(self, rule_id: str, severity: str = "warning", owner: str = OWNER) -> None:
        """The shop has such a rule."""
        self.shop.rows(
            "insert into staging.stg_sla_rules (rule_id, description, severity, owner, clock_start, "
            "clock_stop, threshold, unit, valid_from, valid_to) values "
            f"('{rule_id}', 'Not delivered in time', '{severity}', '{owner}', 'ordered', 'delivered', 7, "
            "'day', '1900-01-01', '9999-12-31')"
        )
        self.policy("*", **self._policies["*"])

    def policy(self, rule_id: str, **terms: Any) -> None:
        """How often people are told about a rule, or about those without such a row ('*')."""
        self._policies[rule_id] = {
            "remind_every_days": None,
            "escalate_after_days": None,
            "escalate_at_severity": None,
            "escalate_to": None,
            "quiet_days": None,
            "warn_at_risk": True,
        } | terms
        self.shop.rows("delete from staging.stg_alert_policies")
        rules = self.shop.rows("select distinct rule_id from staging.stg_sla_rules")
        for (name,) in [("*",), *rules]:
            chosen = self._policies.get(name, self._policies["*"])
            values = ", ".join(map(_literal, (name, *chosen.values())))
            self.shop.rows(f"insert into staging.stg_alert_policies values ({values})")

    def stand(
        self,
        *orders: str,
        at_risk: Sequence[str] = (),
        rule: str = RULE,
        severity: str = "warning",
        owner: str = OWNER,
        carrier: str | None = None,
    ) -> None:
        """From now on exactly these orders break the rule, and these are about to."""
        for table in ("sla_breaches", "sla_at_risk"):
            self.shop.rows(f"delete from alerts.{table} where rule_id = '{rule}'")
        for number, order in enumerate(orders):
            self.shop.rows(
                "insert into alerts.sla_breaches (rule_id, severity, owner, order_id, customer_id, "
                "product_id, carrier, order_date, status, breached_on, days_elapsed, days_over, as_of) "
                f"select '{rule}', '{severity}', '{owner}', '{order}', 'c', 'p', {_literal(carrier)}, "
                f"'2026-01-01', 'shipped', '2026-01-09', {20 - number}, {13 - number}, max(as_of) "
                "from staging.current_build"
            )
        for order in at_risk:
            self.shop.rows(
                "insert into alerts.sla_at_risk (rule_id, severity, owner, order_id, customer_id, "
                "product_id, order_date, status, breaks_on, days_elapsed, days_left, as_of) "
                f"select '{rule}', '{severity}', '{owner}', '{order}', 'c', 'p', '2026-01-01', 'shipped', "
                "'2026-01-09', 6, 1, max(as_of) from staging.current_build"
            )

    def at(self, as_of: date) -> None:
        """The models stand at this day."""
        for table in ("current_build", "built_days"):
            self.shop.rows(f"delete from staging.{table}")
            self.shop.rows(f"insert into staging.{table} values ('{as_of}')")
        for table in ("sla_breaches", "sla_at_risk"):
            self.shop.rows(f"update alerts.{table} set as_of = '{as_of}'")

    def odd(self, reason: str) -> None:
        """The data is odd for a reason."""
        self.shop.rows(f"insert into alerts.data_health values ('volume', 'orders', null, true, '{reason}')")

    def findings(self, as_of: date) -> Any:
        """What the mart, built for the day, says."""
        self.at(as_of)
        return read_findings(self.connection, as_of)

    def plan(self, as_of: date, audience: str = "default") -> pl.DataFrame:
        """What an audience is to be told as of the day."""
        self.at(as_of)
        parameters = plan_parameters(as_of, audience, audience == "default")
        return read_plan(self.connection, "alerts", parameters)

    def told(self, digest: str) -> dict[str, str]:
        """In which section a digest tells of an order."""
        return dict(
            self.shop.rows(f"select order_id, section from ops.digest_alerts where digest_id = '{digest}'")
        )

    def sections(self, as_of: date, audience: str = "default") -> dict[str, str]:
        """In which section an audience is told of an order."""
        told = self.plan(as_of, audience).filter(pl.col("section").is_not_null())
        return dict(told.select("order_id", "section").iter_rows())

    def reserve(self, as_of: date, people: Audiences | None = None, is_update: bool = False) -> list[str]:
        """What a run of the day reserves and records before it sends anything; returns what is on its way."""
        findings = self.findings(as_of)
        people = people or read_audiences(PEOPLE)
        channels = {one.name: people.channels(one, "no-block") for one in people.all}
        assert reserve_day(Teller(self.connection, findings, people), channels, is_update) == []
        return [reserved.digest_id for reserved in unsent(self.connection)]

    def run(self, as_of: date, people: Audiences | None = None, is_update: bool = False) -> list[str]:
        """What a run of the day does where every message is taken; returns the digests."""
        sent = self.reserve(as_of, people, is_update)
        for digest in sent:
            mark_sent(self.connection, digest)
        return sent

    def events(self, order: str | None = None) -> list[tuple[str, str, date]]:
        """What the ledger tells of all orders or of one, in the order in which it came about."""
        return self.shop.rows(
            "select order_id, event, as_of from ops.alert_events "
            + (f"where order_id = '{order}' " if order else "")
            + "order by as_of, recorded_at, "
            "case when event in ('opened', 'reopened', 'resolved') then 0 when event = 'escalated' then 1 "
            "else 2 end, order_id"
        )


def _literal(value: Any) -> str:
    if value is None:
        return "null"
    return f"'{value}'" if isinstance(value, str | Path) else str(value).lower()
