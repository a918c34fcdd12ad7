-- The landing zone: what ingest writes and dbt reads. Safe to run at the start of every run.

create schema if not exists raw;

create schema if not exists ops;

create stage if not exists raw.landing;

create table if not exists raw.customers (
    customer_id varchar not null,
    name varchar,
    email varchar,
    city varchar,
    country varchar,
    segment varchar,
    created_at timestamp_ntz,
    _batch_id varchar not null,
    _batch_day date not null
);

create table if not exists raw.products (
    product_id varchar not null,
    name varchar,
    category varchar,
    unit_price number(12, 2),
    weight_kg number(9, 3),
    _batch_id varchar not null,
    _batch_day date not null
);

create table if not exists raw.orders (
    order_id varchar not null,
    customer_id varchar not null,
    product_id varchar not null,
    order_date timestamp_ntz not null,
    status varchar not null,
    delivery_date timestamp_ntz,
    quantity number(10, 0),
    unit_price number(12, 2),
    shipping_tier varchar,
    promised_date date,
    updated_at timestamp_ntz,
    _batch_id varchar not null,
    _batch_day date not null
);

create table if not exists raw.deliveries (
    delivery_id varchar not null,
    order_id varchar not null,
    carrier varchar,
    region varchar,
    status varchar,
    shipped_at timestamp_ntz,
    promised_at timestamp_ntz,
    delivered_at timestamp_ntz,
    _batch_id varchar not null,
    _batch_day date not null
);

create table if not exists ops.load_manifest (
    entity varchar not null,
    batch_day date not null,
    batch_id varchar not null,
    row_count number(18, 0) not null,
    content_hash varchar not null,
    origin varchar not null,
    loaded_at timestamp_ntz not null
);

-- The pipeline's own memory. dbt reads it as a source and never rebuilds it.

create schema if not exists ops;

-- One row a digest: reserved before it is sent, marked when the server has taken it.
create table if not exists ops.digests (
    digest_id varchar not null,
    as_of date not null,
    channel varchar not null,
    audience varchar not null,
    message_id varchar not null,
    state varchar not null,
    breaches number(18, 0) not null,
    reserved_at timestamp_ntz not null,
    sent_at timestamp_ntz
);

-- The life of each alert, append-only.
create table if not exists ops.alert_events (
    order_id varchar not null,
    rule_id varchar not null,
    event varchar not null,
    as_of date not null,
    digest_id varchar,
    recorded_at timestamp_ntz not null
);

-- Each event and the as-of day on which a later one took its place.
create view if not exists ops.alert_states as
select
    order_id,
    rule_id,
    event,
    as_of as since,
    lead(as_of) over (
        partition by order_id, rule_id
        order by as_of, recorded_at
    ) as superseded_on
from ops.alert_events;


