with

clock as (

    select {{ as_of() }} as as_of

),

versions as (

    select * from {{ source('raw', 'products') }}

),

newest as (

    select versions.*
    from versions
    cross join clock
    where versions._batch_day <= clock.as_of
    qualify row_number() over (
        partition by versions.product_id
        order by
            versions._batch_day desc,
            versions.name desc nulls last,
            versions.category desc nulls last,
            versions.unit_price desc nulls last,
            versions.weight_kg desc nulls last
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
        weight_kg
    from newest

)

select * from final
