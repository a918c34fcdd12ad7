{# The columns of seeds/alert_policies.csv. #}
{% macro policy_columns() %}
    {{ return([
        'rule_id', 'remind_every_days', 'escalate_after_days', 'escalate_at_severity', 'escalate_to', 'quiet_days',
        'warn_at_risk'
    ]) }}
{% endmacro %}


{# Whether a day is among a policy's quiet days: by its weekday, as itself, or every year. #}
{% macro is_quiet(quiet_days, day) -%}
    coalesce(
        contains(concat(' ', {{ quiet_days }}, ' '), concat(' ', lower(dayname({{ day }})), ' '))
        or contains(concat(' ', {{ quiet_days }}, ' '), concat(' ', to_char(cast({{ day }} as date), 'YYYY-MM-DD'), ' '))
        or contains(concat(' ', {{ quiet_days }}, ' '), concat(' --', to_char(cast({{ day }} as date), 'MM-DD'), ' ')),
        false
    )
{%- endmacro %}


{# How much a severity weighs; null for none. #}
{% macro weight_of(severity) -%}
    case {{ severity }} when 'info' then 1 when 'warning' then 2 when 'critical' then 3 end
{%- endmacro %}
