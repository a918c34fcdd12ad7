create schema if not exists ops;

-- One row, changed first by every build and held until its end: two builds never work on the same models.
create table if not exists ops.build_lock (
    builder varchar not null
);

insert into ops.build_lock (builder)
select 'nobody' as builder
where not exists (select 1 from ops.build_lock);
