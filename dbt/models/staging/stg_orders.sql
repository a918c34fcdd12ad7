with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select * from {{ source('raw', 'orders') }}

),

newest as (

    -- Equal updated_at and day: the remaining columns decide, so that the result never depends on row order.
    select
        versions.*,
        coalesce(cast(versions.delivery_date as date) <= clock.as_of, false) as delivery_is_known
    from versions
    cross join clock
    where
        versions._batch_day <= clock.as_of
        and cast(versions.order_date as date) <= clock.as_of
    qualify row_number() over (
        partition by versions.order_id
        order by
            versions.updated_at desc nulls last,
            versions._batch_day desc,
            versions.delivery_date desc nulls last,
            versions.status desc,
            versions.order_date desc,
            versions.customer_id desc,
            versions.product_id desc,
            versions.quantity desc nulls last,
            versions.unit_price desc nulls last,
            versions.shipping_tier desc nulls last,
            versions.promised_date desc nulls last
    ) = 1

),

final as (

    select
        -- ids
        order_id,
        customer_id,
        product_id,

        -- text
        case
            when
                delivery_date is not null
                and not delivery_is_known
                and lower(trim(status)) in ('delivered', 'returned') then 'shipped'
            else lower(trim(status))
        end as status,
        lower(trim(shipping_tier)) as shipping_tier,

        -- numerics
        quantity,
        unit_price,

        -- dates and timestamps
        order_date as ordered_at,
        case when delivery_is_known then delivery_date end as delivered_at,
        promised_date,
        updated_at
    from newest

)

select * from final
