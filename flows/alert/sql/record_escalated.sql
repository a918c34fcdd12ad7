insert into ops.alert_events
(order_id, rule_id, event, as_of, recorded_at, audience)
select
    order_id,
    rule_id,
    'escalated' as event,
    %(as_of)s as as_of,
    %(now)s as recorded_at,
    escalate_to as audience
from alerts.sla_alerts
where is_to_escalate
