create schema if not exists ops;

-- One row a migration that was applied. Two runs at once may both apply one, and both say so.
create table if not exists ops.schema_migrations (
    number number(9, 0) not null,
    name varchar not null,
    checksum varchar not null,
    applied_at timestamp_ntz not null
);

-- Which environment the database belongs to: one row.
create table if not exists ops.environment (
    name varchar not null
);
