insert into ops.alert_events
(order_id, rule_id, event, as_of, digest_id, recorded_at)
select
    breaches.order_id,
    breaches.rule_id,
    'opened' as event,
    %(as_of)s as as_of,
    %(digest_id)s as digest_id,
    %(now)s as recorded_at
from alerts.sla_breaches as breaches
left join ops.alert_states as states
    on
        breaches.order_id = states.order_id
        and breaches.rule_id = states.rule_id
        and states.event = 'opened'
        and states.since <= %(as_of)s
        and coalesce(states.superseded_on > %(as_of)s, true)
where states.order_id is null
