-- The pipeline's own memory. dbt reads it as a source and never rebuilds it.

create schema if not exists ops;

-- One row a digest: reserved, sending while a run hands it over, sent when it was taken.
create table if not exists ops.digests (
    digest_id varchar not null,
    as_of date not null,
    channel varchar not null,
    audience varchar not null,
    message_id varchar not null,
    state varchar not null,
    breaches number(18, 0) not null,
    reserved_at timestamp_ntz not null,
    sent_at timestamp_ntz,
    subject varchar
);

-- What each digest tells: one row an alert it says something about.
create table if not exists ops.digest_alerts (
    digest_id varchar not null,
    order_id varchar not null,
    rule_id varchar not null,
    section varchar not null,
    tells varchar
);

-- The messages themselves, as they will be sent, until they are.
create table if not exists ops.digest_parts (
    digest_id varchar not null,
    part number(9, 0) not null,
    content varchar not null
);

-- The life of each alert, append-only.
create table if not exists ops.alert_events (
    order_id varchar not null,
    rule_id varchar not null,
    event varchar not null,
    as_of date not null,
    digest_id varchar,
    recorded_at timestamp_ntz not null,
    snoozed_until date,
    actor varchar,
    note varchar,
    reason varchar,
    audience varchar
);

-- A ledger of an earlier version lacks these columns.
alter table ops.alert_events add column if not exists snoozed_until date;
alter table ops.alert_events add column if not exists actor varchar;
alter table ops.alert_events add column if not exists note varchar;
alter table ops.alert_events add column if not exists reason varchar;
alter table ops.alert_events add column if not exists audience varchar;
alter table ops.digests add column if not exists subject varchar;
