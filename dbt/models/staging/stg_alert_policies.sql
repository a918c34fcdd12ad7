{{ config(materialized='view') }}

{{ require_columns(ref('alert_policies'), 'seeds/alert_policies.csv', policy_columns()) }}

with

written as (

    select * from {{ ref('alert_policies') }}
    where {{ says_something(policy_columns()) }}

),

typed as (

    -- What cannot be read is null here; every_policy_is_well_formed names it and stops the build.
    select
        trim(rule_id) as written_for,
        try_cast(trim(remind_every_days) as number(9, 0)) as remind_every_days,
        try_cast(trim(escalate_after_days) as number(9, 0)) as escalate_after_days,
        nullif(lower(trim(escalate_at_severity)), '') as escalate_at_severity,
        nullif(trim(escalate_to), '') as escalate_to,
        nullif(lower(trim(quiet_days)), '') as quiet_days,
        coalesce(lower(trim(warn_at_risk)), '') != 'no' as warn_at_risk
    from written

),

rules as (

    select rule_id from {{ ref('stg_sla_rules') }}
    union distinct
    select '*' as rule_id

),

chosen as (

    -- A row of the rule's own counts as a whole, with what it leaves empty.
    select
        rules.rule_id,
        typed.*
    from rules
    inner join typed
        on rules.rule_id = typed.written_for or typed.written_for = '*'
    qualify row_number() over (
        partition by rules.rule_id
        order by case when typed.written_for = '*' then 1 else 0 end
    ) = 1

),

final as (

    select
        -- ids
        rule_id,

        -- reminders
        remind_every_days,

        -- escalation
        escalate_after_days,
        escalate_at_severity,
        escalate_to,

        -- silence
        quiet_days,
        warn_at_risk
    from chosen

)

select * from final
