-- One row, changed first in every load: two runs cannot be between delete and commit at once.
create table if not exists ops.load_lock (
    batch_id varchar not null
);

insert into ops.load_lock (batch_id)
select 'nobody' as batch_id
where not exists (select 1 from ops.load_lock);
