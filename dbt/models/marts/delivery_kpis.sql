{{
    config(
        materialized='replaced_by_key',
        unique_key='order_day',
        meta={'pending': 'order_days'},
    )
}}

-- depends_on: {{ ref('pending_order_days') }}

with

orders as (

    select
        fct_orders.*,
        coalesce(fct_orders.carrier, 'unknown') as carrier_slice,
        coalesce(fct_orders.country, 'unknown') as country_slice,
        coalesce(fct_orders.shipping_tier, 'unknown') as shipping_tier_slice
    from {{ ref('fct_orders') }} as fct_orders
    {%- if builds_pending_only() %}
    where fct_orders.order_day in (select days.order_day from {{ ref('pending_order_days') }} as days)
    {%- endif %}

),

counted as (

    select
        order_day,
        carrier_slice,
        country_slice,
        shipping_tier_slice,
        count(*) as orders,
        count(case when is_delivered then 1 end) as delivered,
        count(case when is_delivered and not is_late then 1 end) as on_time,
        count(case when is_delivered and is_late then 1 end) as late,
        count(case when is_open then 1 end) as backlog,
        count(case when is_open and is_late then 1 end) as backlog_late,
        count(case when not is_delivered and not is_open then 1 end) as no_verdict,
        sum(lead_days) as lead_days_total,
        percentile_disc(0.5) within group (
            order by lead_days
        ) as p50_lead_days,
        percentile_disc(0.95) within group (
            order by lead_days
        ) as p95_lead_days,
        sum(case when is_open then order_total end) as revenue_waiting
    from orders
    group by
        order_day,
        carrier_slice,
        country_slice,
        shipping_tier_slice

),

final as (

    select
        -- dimensions
        order_day,
        carrier_slice as carrier,
        country_slice as country,
        shipping_tier_slice as shipping_tier,

        -- orders
        cast(orders as number(18, 0)) as orders,
        cast(delivered as number(18, 0)) as delivered,
        cast(on_time as number(18, 0)) as on_time,
        cast(late as number(18, 0)) as late,
        cast(backlog as number(18, 0)) as backlog,
        cast(backlog_late as number(18, 0)) as backlog_late,
        cast(no_verdict as number(18, 0)) as no_verdict,

        -- rates, days and money
        cast(on_time / nullif(delivered, 0) as number(7, 4)) as on_time_rate,
        cast(lead_days_total as number(18, 0)) as lead_days_total,
        cast(p50_lead_days as number(9, 0)) as p50_lead_days,
        cast(p95_lead_days as number(9, 0)) as p95_lead_days,
        cast(coalesce(revenue_waiting, 0) as number(38, 2)) as revenue_waiting
    from counted

)

select * from final
