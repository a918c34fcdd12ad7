-- Open alerts of an order, a rule, a carrier or a digest; what is null is any.
select
    alert_states.order_id,
    alert_states.rule_id,
    alert_states.state,
    alert_states.opened_on,
    alert_states.acknowledged_on,
    alert_states.acknowledged_by,
    alert_states.snoozed_until,
    alert_states.last_told_on,
    sla_alerts.severity,
    sla_alerts.owner,
    sla_alerts.carrier,
    sla_alerts.country,
    sla_alerts.status,
    sla_alerts.days_over
from alerts.alert_states as alert_states
left join alerts.sla_alerts as sla_alerts
    on
        alert_states.order_id = sla_alerts.order_id
        and alert_states.rule_id = sla_alerts.rule_id
left join ops.digest_alerts as digest_alerts
    on
        alert_states.order_id = digest_alerts.order_id
        and alert_states.rule_id = digest_alerts.rule_id
        and digest_alerts.digest_id = %(digest)s
where
    alert_states.is_open
    and (%(order)s is null or alert_states.order_id = %(order)s)
    and (%(rule)s is null or alert_states.rule_id = %(rule)s)
    and (%(carrier)s is null or sla_alerts.carrier = %(carrier)s)
    and (%(digest)s is null or digest_alerts.digest_id is not null)
