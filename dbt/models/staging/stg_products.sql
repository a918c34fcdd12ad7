{{ config(unique_key='product_id', meta={'pending': 'products'}) }}

with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select raw_products.*
    from {{ source('raw', 'products') }} as raw_products
    cross join clock
    where
        raw_products._batch_day <= clock.as_of
        {%- if builds_pending_only() %}
        and raw_products.product_id in ({{ pending('products') }})
        {%- endif %}

),

newest as (

    select *
    from versions
    qualify row_number() over (
        partition by product_id
        order by
            _batch_day desc,
            name desc nulls last,
            category desc nulls last,
            unit_price desc nulls last,
            weight_kg desc nulls last
    ) = 1

),

final as (

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
    from newest

)

select * from final
