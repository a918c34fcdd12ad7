with

clock as (

    select {{ as_of() }} as as_of

),

orders as (

    select * from {{ ref('fct_orders') }}

),

final as (

    select
        -- the rule
        'delivery_{{ var("delivery_sla_days") }}d' as rule_id,
        'warning' as severity,

        -- the order
        orders.order_id,
        orders.customer_id,
        orders.customer_name,
        orders.product_id,
        orders.product_name,
        orders.carrier,
        orders.country,
        orders.shipping_tier,
        orders.ordered_at as order_date,
        orders.status,

        -- the breach to come
        cast(dateadd(day, {{ var('delivery_sla_days') }} + 1, orders.order_day) as date) as breaks_on,
        orders.days_elapsed,
        {{ var('delivery_sla_days') }} + 1 - orders.days_elapsed as days_left,
        orders.order_total as amount_at_stake,
        clock.as_of
    from orders
    cross join clock
    where
        orders.is_open
        and orders.days_elapsed <= {{ var('delivery_sla_days') }}
        and orders.days_elapsed > {{ var('delivery_sla_days') }} - {{ var('at_risk_days_before') }}

)

select * from final
