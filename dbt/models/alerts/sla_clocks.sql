with

clock as (

    select {{ as_of() }} as as_of

),

open_orders as (

    select * from {{ ref('fct_orders') }}
    where is_open

),

rules as (

    select * from {{ ref('stg_sla_rules') }}

),

running as (

    -- A parcel that has left has stopped the clocks that wait for it to leave, also where nobody knows when.
    select
        rules.rule_id,
        rules.severity,
        rules.owner,
        rules.threshold,
        rules.unit,
        rules.at_risk_before,
        open_orders.order_id,
        case rules.clock_start
            when 'ordered' then open_orders.ordered_at
            when 'shipped' then open_orders.shipped_at
            when 'promised' then cast(open_orders.promised_on as timestamp_ntz)
        end as started_at
    from open_orders
    inner join rules
        on {{ applies_to('rules', 'open_orders') }}
    where
        rules.clock_stop = 'delivered'
        or (open_orders.shipped_at is null and open_orders.status = 'pending')

),

due as (

    select
        running.*,
        {{ breaks_on('running', 'running.started_at') }} as breaks_on,
        case running.unit
            when 'hour' then dateadd(hour, running.threshold, running.started_at)
            else cast(cast(dateadd(day, running.threshold + 1, running.started_at) as date) as timestamp_ntz)
        end as due_at
    from running
    where running.started_at is not null

),

final as (

    select
        -- ids
        due.rule_id,
        due.order_id,

        -- the rule
        due.severity,
        due.owner,

        -- the clock
        due.started_at,
        due.due_at,
        due.breaks_on,
        due.breaks_on <= clock.as_of as is_broken,
        coalesce(
            due.breaks_on > clock.as_of
            and case due.unit
                when 'hour' then dateadd(hour, -due.at_risk_before, due.due_at) < dateadd(day, 1, clock.as_of)
                else datediff(day, clock.as_of, due.breaks_on) <= due.at_risk_before
            end,
            false
        ) as is_at_risk,
        clock.as_of
    from due
    cross join clock

)

select * from final
