insert into ops.alert_events
(order_id, rule_id, event, as_of, recorded_at)
select
    order_id,
    rule_id,
    case when is_again then 'reopened' else 'opened' end as event,
    %(as_of)s as as_of,
    %(now)s as recorded_at
from alerts.sla_alerts
where alert_state = 'new'
