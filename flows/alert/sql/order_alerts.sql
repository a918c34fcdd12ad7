-- What is known of an order's alerts, open or not.
select
    rule_id,
    state,
    resolved_on,
    resolution
from alerts.alert_states
where order_id = %(order)s
order by rule_id
