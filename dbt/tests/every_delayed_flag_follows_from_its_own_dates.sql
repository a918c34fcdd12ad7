-- The rule once more, from the columns of delayed_orders alone: DATEDIFF(order_date, delivery_date or as_of).
-- Without a delivery the status decides whether the clock still runs.
with

clock as (

    select {{ as_of() }} as as_of

),

delayed_orders as (

    select * from {{ ref('delayed_orders') }}

),

orders as (

    select * from {{ ref('stg_orders') }}

),

expected as (

    select
        delayed_orders.order_id,
        delayed_orders.delayed_flag,
        case
            when delayed_orders.delivery_date is null and orders.status in ('delivered', 'cancelled', 'returned') then 0
            when
                datediff(
                    day,
                    delayed_orders.order_date,
                    coalesce(cast(delayed_orders.delivery_date as date), clock.as_of)
                ) > {{ var('delivery_sla_days') }} then 1
            else 0
        end as expected_flag
    from delayed_orders
    inner join orders
        on delayed_orders.order_id = orders.order_id
    cross join clock

)

select * from expected
where delayed_flag != expected_flag
