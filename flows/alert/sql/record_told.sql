insert into ops.alert_events
(order_id, rule_id, event, as_of, digest_id, recorded_at)
select
    digest_alerts.order_id,
    digest_alerts.rule_id,
    digest_alerts.tells as event,
    digests.as_of,
    digests.digest_id,
    %(now)s as recorded_at
from ops.digest_alerts as digest_alerts
inner join ops.digests as digests
    on digest_alerts.digest_id = digests.digest_id
where
    digest_alerts.digest_id = %(digest_id)s
    and digest_alerts.tells is not null
