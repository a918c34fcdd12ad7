insert into ops.digests
(digest_id, as_of, channel, audience, message_id, state, breaches, reserved_at, sent_at, subject)
values (
    %(digest_id)s,
    %(as_of)s,
    %(channel)s,
    %(audience)s,
    %(message_id)s,
    'reserved',
    %(breaches)s,
    %(now)s,
    null,
    %(subject)s
)
