select digest_id
from ops.digests
where digest_id = %(digest)s
