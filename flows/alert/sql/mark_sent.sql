update ops.digests
set
    state = 'sent',
    breaches = %(breaches)s,
    sent_at = %(now)s
where digest_id = %(digest_id)s
