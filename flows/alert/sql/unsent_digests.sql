-- Digests on their way, in the order of their days; those of the run's own day last.
select
    digest_id,
    as_of,
    channel,
    audience,
    message_id,
    state,
    subject
from ops.digests
where state != 'sent'
order by
    as_of,
    reserved_at,
    digest_id
