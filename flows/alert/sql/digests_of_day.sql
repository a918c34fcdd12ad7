select
    digest_id,
    audience
from ops.digests
where as_of = %(as_of)s
