-- Alerts that are open in the ledger and no longer broken.
select count(*) as resolved
from ops.alert_states as states
left join alerts.sla_breaches as breaches
    on
        states.order_id = breaches.order_id
        and states.rule_id = breaches.rule_id
where
    states.event = 'opened'
    and states.since <= %(as_of)s
    and coalesce(states.superseded_on > %(as_of)s, true)
    and breaches.order_id is null
