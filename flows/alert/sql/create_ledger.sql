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
create or replace view ops.alert_states as
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
