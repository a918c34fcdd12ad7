{{ config(materialized='view') }}

{{ require_columns(ref('sla_rules'), 'seeds/sla_rules.csv', rule_columns()) }}

with

written as (

    select * from {{ ref('sla_rules') }}
    where {{ says_something(rule_columns()) }}

),

final as (

    -- What cannot be read is null here; every_rule_is_well_formed names it and stops the build.
    select
        -- ids
        trim(rule_id) as rule_id,

        -- text
        trim(description) as description,
        lower(trim(clock_start)) as clock_start,
        lower(trim(clock_stop)) as clock_stop,
        lower(trim(unit)) as unit,
        lower(trim(severity)) as severity,
        trim(owner) as owner,

        -- what it applies to; null: any
        nullif(lower(trim(tier)), '') as shipping_tier,
        nullif(trim(country), '') as country,
        nullif(trim(carrier), '') as carrier,
        nullif(trim(segment), '') as segment,

        -- numerics
        try_cast(trim(threshold) as number(9, 0)) as threshold,
        coalesce(try_cast(trim(at_risk_before) as number(9, 0)), 0) as at_risk_before,

        -- dates
        coalesce(try_to_date(trim(valid_from), 'YYYY-MM-DD'), date_from_parts(1900, 1, 1)) as valid_from,
        coalesce(try_to_date(trim(valid_to), 'YYYY-MM-DD'), date_from_parts(9999, 12, 31)) as valid_to
    from written

)

select * from final
