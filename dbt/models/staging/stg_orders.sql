{{ config(unique_key='order_id', meta={'pending': 'orders'}) }}

with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select raw_orders.*
    from {{ source('raw', 'orders') }} as raw_orders
    cross join clock
    where
        raw_orders._batch_day <= clock.as_of
        {%- if builds_pending_only() %}
        and raw_orders.order_id in ({{ pending('orders') }})
        {%- endif %}

),

newest as (

    -- Equal updated_at and day: the remaining columns decide, so that the result never depends on row order.
    select *
    from versions
    qualify row_number() over (
        partition by order_id
        order by
            updated_at desc nulls last,
            _batch_day desc,
            delivery_date desc nulls last,
            status desc,
            order_date desc,
            customer_id desc,
            product_id desc,
            quantity desc nulls last,
            unit_price desc nulls last,
            shipping_tier desc nulls last,
            promised_date desc nulls last
    ) = 1

),

final as (

    select
        -- ids
        order_id,
        customer_id,
        product_id,

        -- text
        lower(trim(status)) as status,
        lower(trim(shipping_tier)) as shipping_tier,

        -- numerics
        quantity,
        unit_price,

        -- dates and timestamps
        order_date as ordered_at,
        delivery_date as delivered_at,
        promised_date,
        updated_at,
        _batch_day as changed_on
    from newest

)

select * from final
