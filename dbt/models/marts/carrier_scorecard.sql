{{ config(materialized='table') }}

with

clock as (

    select {{ as_of() }} as as_of

),

arrivals as (

    select
        coalesce(orders.carrier, 'unknown') as carrier_slice,
        orders.is_late,
        orders.lead_days,
        orders.days_in_transit,
        orders.attempts,
        datediff(day, cast(orders.delivered_at as date), clock.as_of) < 28 as is_recent
    from {{ ref('fct_orders') }} as orders
    cross join clock
    where orders.delivered_at >= dateadd(day, -55, clock.as_of)

),

counted as (

    select
        carrier_slice,
        count(case when is_recent then 1 end) as delivered,
        count(case when is_recent and not is_late then 1 end) as on_time,
        percentile_disc(0.5) within group (
            order by case when is_recent then lead_days end
        ) as p50_lead_days,
        percentile_disc(0.95) within group (
            order by case when is_recent then lead_days end
        ) as p95_lead_days,
        sum(case when is_recent then days_in_transit end) as transit_days_total,
        count(case when is_recent then days_in_transit end) as transits,
        count(case when is_recent and attempts > 1 then 1 end) as needed_several_attempts,
        count(case when not is_recent then 1 end) as delivered_before,
        count(case when not is_recent and not is_late then 1 end) as on_time_before,
        percentile_disc(0.5) within group (
            order by case when not is_recent then lead_days end
        ) as p50_lead_days_before,
        percentile_disc(0.95) within group (
            order by case when not is_recent then lead_days end
        ) as p95_lead_days_before
    from arrivals
    group by carrier_slice

),

rated as (

    select
        *,
        cast(on_time / nullif(delivered, 0) as number(7, 4)) as on_time_rate,
        cast(on_time_before / nullif(delivered_before, 0) as number(7, 4)) as on_time_rate_before
    from counted

),

final as (

    select
        -- dimensions
        rated.carrier_slice as carrier,

        -- the last 28 days
        cast(rated.delivered as number(18, 0)) as delivered,
        cast(rated.on_time as number(18, 0)) as on_time,
        rated.on_time_rate,
        cast(rated.p50_lead_days as number(9, 0)) as p50_lead_days,
        cast(rated.p95_lead_days as number(9, 0)) as p95_lead_days,
        cast(rated.transit_days_total / nullif(rated.transits, 0) as number(9, 2)) as avg_days_in_transit,
        cast(rated.needed_several_attempts as number(18, 0)) as needed_several_attempts,

        -- the 28 days before
        cast(rated.delivered_before as number(18, 0)) as delivered_before,
        cast(rated.on_time_before as number(18, 0)) as on_time_before,
        rated.on_time_rate_before,
        cast(rated.p50_lead_days_before as number(9, 0)) as p50_lead_days_before,
        cast(rated.p95_lead_days_before as number(9, 0)) as p95_lead_days_before,

        -- the change
        cast(rated.on_time_rate - rated.on_time_rate_before as number(7, 4)) as on_time_rate_change,
        clock.as_of
    from rated
    cross join clock

)

select * from final
