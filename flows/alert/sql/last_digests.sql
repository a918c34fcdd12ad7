select digest_id
from ops.digests
order by
    as_of desc,
    digest_id asc
limit 5
