select content
from ops.digest_parts
where digest_id = %(digest_id)s
order by part
