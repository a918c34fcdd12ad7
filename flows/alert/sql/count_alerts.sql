-- How many alerts there are in each state.
select
    alert_state,
    count(*) as alerts
from {alerts}.sla_alerts
group by alert_state
