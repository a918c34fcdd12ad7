{{ config(unique_key='order_id', meta={'pending': 'orders', 'lies_by': 'changed_on'}) }}

{%- set pending_only = builds_pending_only() %}

with

clock as (

    select {{ as_of() }} as as_of

),

raw_versions as (

    {{ raw_versions('orders', 'order_id', pending_only) }}

),

versions as (

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
    from raw_versions

),

newest as (

    -- The columns after the day decide between versions of one day, so that the order of rows never does.
    select *
    from versions
    qualify row_number() over (
        partition by order_id
        order by
            updated_at desc nulls last,
            changed_on desc,
            delivered_at desc nulls last,
            status desc,
            ordered_at desc,
            customer_id desc,
            product_id desc,
            quantity desc nulls last,
            unit_price desc nulls last,
            shipping_tier desc nulls last,
            promised_date desc nulls last
    ) = 1

),

final as (

    {% if pending_only %}
    -- What stands may be newer still. It is never as new: its day would have changed, and it be lost.
    select newest.*
    from newest
    inner join {{ ref('pending_keys') }} as pending_keys
        on
            newest.order_id = pending_keys.pending_key
            and pending_keys.entity = 'orders'
    where
        pending_keys.is_lost
        or pending_keys.changed_on is null
        or newest.updated_at > pending_keys.updated_at
        or (newest.updated_at is not null and pending_keys.updated_at is null)
        or (
            newest.updated_at is not distinct from pending_keys.updated_at
            and newest.changed_on > pending_keys.changed_on
        )
    {% else %}
    select * from newest
    {% endif %}

)

select * from final
