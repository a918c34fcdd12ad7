select
    entity,
    batch_day,
    row_count,
    content_hash,
    origin,
    batch_id
from ops.load_manifest
where batch_day between %s and %s
order by entity, batch_day
