with

clock as (

    select as_of from {{ ref('current_build') }}

),

loaded as (

    {% for entity in ['customers', 'products', 'orders', 'deliveries'] %}
    select
        '{{ entity }}' as entity,
        _batch_day as batch_day,
        _batch_id as batch_id,
        count(*) as row_count
    from {{ source('raw', entity) }}
    group by
        _batch_day,
        _batch_id
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        cast(loaded.entity as varchar) as entity,
        loaded.batch_day,
        loaded.batch_id,
        loaded.row_count
    from loaded
    cross join clock
    where loaded.batch_day <= clock.as_of

)

select * from final
