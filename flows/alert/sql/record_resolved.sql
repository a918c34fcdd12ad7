insert into ops.alert_events
(order_id, rule_id, event, as_of, digest_id, recorded_at)
select
    order_id,
    rule_id,
    'resolved' as event,
    %(as_of)s as as_of,
    %(digest_id)s as digest_id,
    %(now)s as recorded_at
from alerts.sla_alerts
where alert_state = 'to_resolve'
