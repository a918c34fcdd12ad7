with

pending_orders as (

    select
        pending_key,
        order_day
    from {{ ref('pending_keys') }}
    where entity = 'fct_orders'

),

final as (

    -- The days on which the orders are said to have been placed, before and now.
    select order_day
    from pending_orders
    where order_day is not null
    union distinct
    select made.order_day
    from {{ pending_rows(ref('fct_orders'), 'fct_orders') }} as made
    where made.order_id in (select pending_orders.pending_key from pending_orders)

)

select * from final
