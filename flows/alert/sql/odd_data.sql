-- Why the data of the day cannot be judged by.
select reason
from {alerts}.data_health
where is_odd
order by
    check_name,
    entity,
    column_name
