with

clocks as (

    select * from {{ ref('sla_clocks') }}
    where is_broken

),

orders as (

    select * from {{ ref('fct_orders') }}
    where is_open

),

final as (

    select
        -- the rule
        clocks.rule_id,
        clocks.severity,
        clocks.owner,

        -- the order
        orders.order_id,
        orders.customer_id,
        customers.customer_name,
        orders.product_id,
        products.product_name,
        orders.carrier,
        orders.country,
        orders.shipping_tier,
        orders.ordered_at as order_date,
        orders.status,

        -- the breach
        clocks.started_at,
        clocks.breaks_on as breached_on,
        cast(datediff(day, clocks.started_at, clocks.as_of) as number(9, 0)) as days_elapsed,
        cast(datediff(day, clocks.breaks_on, clocks.as_of) + 1 as number(9, 0)) as days_over,
        orders.order_total as amount_at_stake,
        clocks.as_of
    from clocks
    inner join orders
        on clocks.order_id = orders.order_id
    left join {{ ref('dim_customers') }} as customers
        on orders.customer_id = customers.customer_id
    left join {{ ref('dim_products') }} as products
        on orders.product_id = products.product_id

)

select * from final
