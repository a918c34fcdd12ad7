-- A day partition that was touched outside the pipeline no longer has the rows that were committed with it.
with

clock as (

    select {{ as_of() }} as as_of

),

manifest as (

    select
        load_manifest.entity,
        load_manifest.batch_day,
        load_manifest.row_count
    from {{ source('ops', 'load_manifest') }} as load_manifest
    cross join clock
    where load_manifest.batch_day <= clock.as_of

),

loaded as (

    select
        entity,
        batch_day,
        sum(row_count) as row_count
    from {{ ref('loaded_days') }}
    group by
        entity,
        batch_day

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
