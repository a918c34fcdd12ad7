insert into ops.digest_alerts
(digest_id, order_id, rule_id, section, tells)
select
    %(digest_id)s as digest_id,
    order_id,
    rule_id,
    section,
    case when %(is_first)s = 1 then tells end as tells
from ({plan}) as plan
where section is not null
