{{ config(unique_key='product_id', meta={'pending': 'products', 'lies_by': 'changed_on'}) }}

{%- set pending_only = builds_pending_only() %}

with

clock as (

    select {{ as_of() }} as as_of

),

raw_versions as (

    {{ raw_versions('products', 'product_id', pending_only) }}

),

versions as (

    select
        -- ids
        product_id,

        -- text
        name as product_name,
        category,

        -- numerics
        unit_price as list_price,
        weight_kg,

        -- dates
        _batch_day as changed_on
    from raw_versions

),

newest as (

    -- The columns after the day decide between versions of one day, so that the order of rows never does.
    select *
    from versions
    qualify row_number() over (
        partition by product_id
        order by
            changed_on desc,
            product_name desc nulls last,
            category desc nulls last,
            list_price desc nulls last,
            weight_kg desc nulls last
    ) = 1

),

final as (

    {% if pending_only %}
    -- What stands may be newer still. It is never as new: its day would have changed, and it be lost.
    select newest.*
    from newest
    inner join {{ ref('pending_keys') }} as pending_keys
        on
            newest.product_id = pending_keys.pending_key
            and pending_keys.entity = 'products'
    where
        pending_keys.is_lost
        or pending_keys.changed_on is null
        or newest.changed_on > pending_keys.changed_on
    {% else %}
    select * from newest
    {% endif %}

)

select * from final
