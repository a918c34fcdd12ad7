-- One row per record that was read and set aside; its line counts from 1, with the header.
create table if not exists raw.rejected_rows (
    entity varchar not null,
    file varchar,
    line number(18, 0),
    column_name varchar,
    value varchar,
    reason varchar not null,
    source_row varchar,
    _batch_id varchar not null,
    _batch_day date not null
);
