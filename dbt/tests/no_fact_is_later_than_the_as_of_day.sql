-- What happened after the as-of day is not known yet, so no model may show it.
with

clock as (

    select {{ as_of() }} as as_of

),

orders as (

    select * from {{ pending_rows(ref('fct_orders'), 'fct_orders') }}

)

select
    orders.order_id,
    orders.ordered_at,
    orders.shipped_at,
    orders.delivered_at
from orders
cross join clock
where
    cast(orders.ordered_at as date) > clock.as_of
    or cast(orders.shipped_at as date) > clock.as_of
    or cast(orders.delivered_at as date) > clock.as_of
