select
    _batch_day,
    count(*) as row_count
from {table}
where _batch_day between %s and %s
group by _batch_day
