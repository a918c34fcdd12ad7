{%- set entities = ['customers', 'products', 'orders', 'deliveries'] -%}
{%- set counted = entities_to_count(entities) -%}

with

clock as (

    select
        as_of,
        dateadd(day, -{{ var('recounted_days') }}, as_of) as recounted_since
    from {{ ref('current_build') }}

),

loaded as (

    -- Recent days are counted. The manifest is asked for the others, as long as it knows of as many rows as there are.
    select
        manifest.entity,
        manifest.batch_day,
        manifest.batch_id,
        manifest.row_count
    from {{ source('ops', 'load_manifest') }} as manifest
    cross join clock
    where
        manifest.row_count > 0
        and manifest.batch_day < clock.recounted_since
        and manifest.entity not in ('{{ counted | join("', '") }}')
    {% for entity in entities %}
    union all
    select
        '{{ entity }}' as entity,
        raw_rows._batch_day as batch_day,
        raw_rows._batch_id as batch_id,
        count(*) as row_count
    from {{ source('raw', entity) }} as raw_rows
    cross join clock
    where
        raw_rows._batch_day <= clock.as_of
        {%- if entity not in counted %}
        and raw_rows._batch_day >= clock.recounted_since
        {%- endif %}
    group by
        raw_rows._batch_day,
        raw_rows._batch_id
    {% endfor %}

),

final as (

    select
        cast(entity as varchar) as entity,
        batch_day,
        batch_id,
        cast(row_count as number(18, 0)) as row_count
    from loaded

)

select * from final
