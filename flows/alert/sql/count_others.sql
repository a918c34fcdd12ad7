-- Alerts that are no open breach: at risk, or to be resolved.
select
    count(case when alert_state = 'at_risk' then 1 end) as at_risk,
    count(case when alert_state = 'to_resolve' then 1 end) as resolved
from {alerts}.sla_alerts
where alert_state in ('at_risk', 'to_resolve')
