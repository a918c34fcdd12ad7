insert into ops.digest_parts
(digest_id, part, content)
values (%(digest_id)s, %(part)s, %(content)s)
