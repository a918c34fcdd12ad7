-- A day partition that was touched outside the pipeline no longer has the rows that were committed with it.
with

manifest as (

    select
        entity,
        batch_day,
        row_count
    from {{ source('ops', 'load_manifest') }}

),

loaded as (

    {% for entity in ['customers', 'products', 'orders', 'deliveries'] %}
    select
        '{{ entity }}' as entity,
        _batch_day as batch_day,
        count(*) as row_count
    from {{ source('raw', entity) }}
    group by _batch_day
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    manifest.entity,
    manifest.batch_day,
    manifest.row_count as rows_in_manifest,
    coalesce(loaded.row_count, 0) as rows_in_raw
from manifest
left join loaded
    on
        manifest.entity = loaded.entity
        and manifest.batch_day = loaded.batch_day
where manifest.row_count != coalesce(loaded.row_count, 0)
