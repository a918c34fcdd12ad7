select rule_id
from staging.stg_sla_rules
union distinct
select rule_id
from alerts.alert_states
where is_open
order by rule_id
