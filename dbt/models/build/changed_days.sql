{%- set built_days = standing('built_days') -%}

with

loaded_days as (

    select * from {{ ref('loaded_days') }}

),

{% if built_days %}
known_days as (

    select * from {{ built_days }}

),

final as (

    select distinct
        coalesce(loaded_days.entity, known_days.entity) as entity,
        coalesce(loaded_days.batch_day, known_days.batch_day) as batch_day
    from loaded_days
    full outer join known_days
        on
            loaded_days.entity = known_days.entity
            and loaded_days.batch_day = known_days.batch_day
            and loaded_days.batch_id = known_days.batch_id
            and loaded_days.row_count = known_days.row_count
    where
        loaded_days.entity is null
        or known_days.entity is null

)

{% else %}
final as (

    select distinct
        entity,
        batch_day
    from loaded_days

)

{% endif %}

select * from final
