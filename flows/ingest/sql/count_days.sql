-- Rows per day of one entity: in its table, and set aside.
select
    _batch_day,
    count(*) as row_count,
    0 as rejected_count
from {table}
where _batch_day between %(first)s and %(last)s
group by _batch_day
union all
select
    _batch_day,
    0 as row_count,
    count(*) as rejected_count
from raw.rejected_rows
where
    entity = %(entity)s
    and _batch_day between %(first)s and %(last)s
group by _batch_day
