insert into ops.alert_events
(order_id, rule_id, event, as_of, recorded_at, reason)
select
    order_id,
    rule_id,
    'resolved' as event,
    %(as_of)s as as_of,
    %(now)s as recorded_at,
    resolution as reason
from alerts.sla_alerts
where alert_state = 'to_resolve'
