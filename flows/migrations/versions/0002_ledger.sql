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
