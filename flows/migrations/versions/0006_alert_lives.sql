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

-- Who answered an alert, why it ended, and which audience was told.
alter table ops.alert_events add column if not exists actor varchar;

alter table ops.alert_events add column if not exists note varchar;

alter table ops.alert_events add column if not exists reason varchar;

alter table ops.alert_events add column if not exists audience varchar;

alter table ops.digests add column if not exists subject varchar;
