select
    message_id,
    state
from ops.digests
where digest_id = %(digest_id)s
