-- The rule once more, for a delivery rule that is one row of days for all orders: DATEDIFF(order_date, delivery_date
-- or as_of). Without a delivery the status decides whether the clock still runs.
with

clock as (

    select {{ as_of() }} as as_of

),

threshold as (

    select max(threshold) as days
    from {{ ref('stg_sla_rules') }}
    where rule_id = '{{ var("delivery_rule") }}'
    having
        count(*) = 1
        and min(unit) = 'day'
        and count(shipping_tier) + count(country) + count(carrier) + count(segment) = 0
        and min(valid_from) = date_from_parts(1900, 1, 1)
        and max(valid_to) = date_from_parts(9999, 12, 31)

),

orders as (

    select
        order_id,
        status,
        is_late,
        ordered_at,
        delivered_at
    from {{ pending_rows(ref('fct_orders'), 'fct_orders') }}

),

expected as (

    select
        orders.order_id,
        orders.is_late,
        case
            when orders.delivered_at is null and orders.status in ('delivered', 'cancelled', 'returned') then false
            else
                datediff(day, orders.ordered_at, coalesce(cast(orders.delivered_at as date), clock.as_of))
                > threshold.days
        end as expected_late
    from orders
    cross join clock
    cross join threshold

)

select * from expected
where is_late != expected_late
