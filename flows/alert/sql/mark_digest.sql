update ops.digests
set
    state = %(state)s,
    sent_at = %(sent_at)s
where digest_id = %(digest_id)s
