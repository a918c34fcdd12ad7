"""The alert mart as tables to write, the project's own view over them, and the ledger."""

from datetime import date
from typing import Any

import jinja2

from flows import paths
from flows.alert.ledger import create_ledger, find_digest, read_findings, record, reserve_digest

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
create table staging.stg_sla_rules (rule_id varchar, severity varchar, owner varchar);
create table marts.fct_orders (
    order_id varchar, customer_id varchar, product_id varchar, carrier varchar, country varchar,
    shipping_tier varchar, ordered_at timestamp_ntz, status varchar, order_total number(38, 2)
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
SCHEMAS = {"stg": "staging", "cur": "staging", "fct": "marts", "dim": "marts", "sla": "alerts"}


def project_view(name: str) -> str:
    """The SQL of a model of the alerts, over the tables of `MART`."""
    text = (paths.DBT_PROJECT / "models" / "alerts" / f"{name}.sql").read_text()
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
        create_ledger(self.connection)
        self.shop.rows(f"create view alerts.sla_alerts as {project_view('sla_alerts')}")

    def stand(self, *orders: str, at_risk: int = 0) -> None:
        """From now on exactly these orders are late."""
        self.shop.rows("delete from alerts.sla_breaches")
        self.shop.rows("delete from alerts.sla_at_risk")
        for number, order in enumerate(orders):
            self.shop.rows(
                "insert into alerts.sla_breaches (rule_id, severity, owner, order_id, customer_id, "
                "product_id, order_date, status, breached_on, days_elapsed, days_over) "
                f"values ('delivery_7d', 'warning', 'team', '{order}', 'c', 'p', '2026-01-01', "
                f"'shipped', '2026-01-09', {20 - number}, "
                f"{13 - number})"
            )
        for number in range(at_risk):
            self.shop.rows(
                f"insert into alerts.sla_at_risk (rule_id, order_id) values ('r', 'risk-{number}')"
            )

    def at(self, as_of: date) -> None:
        """The models stand at this day."""
        for table in ("current_build", "built_days"):
            self.shop.rows(f"delete from staging.{table}")
            self.shop.rows(f"insert into staging.{table} values ('{as_of}')")

    def odd(self, reason: str) -> None:
        """The data is odd for a reason."""
        self.shop.rows(f"insert into alerts.data_health values ('volume', 'orders', null, true, '{reason}')")

    def findings(self, as_of: date) -> Any:
        """What the mart, built for the day, says."""
        self.at(as_of)
        return read_findings(self.connection, as_of)

    def run(self, as_of: date) -> tuple[int, int, int]:
        """What a run of the day does once its digest was taken; returns opened, open, resolved."""
        findings = self.findings(as_of)
        digest = None
        if findings.breaches:
            digest = find_digest(self.connection, as_of) or reserve_digest(
                self.connection, findings, "example.com"
            )
        record(self.connection, findings, digest)
        return findings.opened, len(findings.breaches), findings.resolved

    def events(self) -> list[tuple[str, str, date]]:
        """What the ledger tells, in the order in which it came about."""
        return self.shop.rows(
            "select order_id, event, as_of from ops.alert_events order by as_of, recorded_at, order_id"
        )

    def new(self, as_of: date) -> list[str]:
        """The breaches that the ledger does not know."""
        return [breach.order_id for breach in self.findings(as_of).breaches if breach.is_new]
