select
    entity,
    batch_id,
    replaced_at,
    batch_day
from ops.replaced_days
order by replaced_at, entity, batch_day
