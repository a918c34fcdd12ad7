with

orders as (

    select * from {{ ref('fct_orders') }}

),

sliced as (

    select
        orders.*,
        coalesce(orders.carrier, 'unknown') as carrier_slice,
        coalesce(orders.country, 'unknown') as country_slice,
        coalesce(orders.shipping_tier, 'unknown') as shipping_tier_slice
    from orders

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
        count(case when is_open then 1 end) as open,
        count(case when is_open and is_late then 1 end) as open_late,
        count(case when not is_delivered and not is_open then 1 end) as no_verdict,
        sum(lead_days) as lead_days_total,
        avg(lead_days) as avg_lead_days,
        median(lead_days) as median_lead_days,
        sum(case when is_open then order_total end) as revenue_waiting
    from sliced
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
        orders,
        delivered,
        on_time,
        late,
        open,
        open_late,
        no_verdict,

        -- rates, days and money
        cast(on_time / nullif(delivered, 0) as number(7, 4)) as on_time_rate,
        cast(lead_days_total as number(18, 0)) as lead_days_total,
        cast(avg_lead_days as number(9, 2)) as avg_lead_days,
        cast(median_lead_days as number(9, 1)) as median_lead_days,
        cast(coalesce(revenue_waiting, 0) as number(38, 2)) as revenue_waiting
    from counted

)

select * from final
