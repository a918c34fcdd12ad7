{{ config(post_hook='{{ ask_for_the_build_plan() }}') }}

{%- set keys = {
    'orders': 'order_id',
    'deliveries': 'delivery_id',
    'customers': 'customer_id',
    'products': 'product_id',
} -%}
{%- set fct_orders, unfinished = standing('fct_orders'), standing('pending_keys') -%}

with

build as (

    select * from {{ ref('current_build') }}

),

changed_days as (

    select * from {{ ref('changed_days') }}

),

{% if everything_stands() %}

passed as (

    -- The time from the end of the day of the last completed build to that of this one.
    select
        cast(dateadd(day, 1, since) as timestamp_ntz) as first_moment,
        cast(dateadd(day, 1, as_of) as timestamp_ntz) as end_moment
    from build

),

{% for entity, key in keys.items() %}
changed_{{ entity }} as (

    select raw_rows.*
    from {{ source('raw', entity) }} as raw_rows
    inner join changed_days
        on
            raw_rows._batch_day = changed_days.batch_day
            and changed_days.entity = '{{ entity }}'

),

lost_{{ entity }} as (

    -- The version that stands may be gone.
    select standing.{{ key }}{{ ', standing.order_id' if entity == 'deliveries' }}
    from {{ standing('stg_' ~ entity) }} as standing
    inner join changed_days
        on
            standing.changed_on = changed_days.batch_day
            and changed_days.entity = '{{ entity }}'
    union all
    select standing.{{ key }}{{ ', standing.order_id' if entity == 'deliveries' }}
    from {{ standing('stg_' ~ entity) }} as standing
    cross join build
    where standing.changed_on > build.as_of

),

{% endfor %}
moved_customers as (

    -- Orders take country and segment from their customers, and nothing else.
    select changed_customers.customer_id
    from changed_customers
    inner join {{ standing('stg_customers') }} as standing
        on changed_customers.customer_id = standing.customer_id
    where
        changed_customers.country is distinct from standing.country
        or changed_customers.segment is distinct from standing.segment
    union all
    select customer_id from lost_customers

),

unknown_customers as (

    select changed_customers.customer_id
    from changed_customers
    left join {{ standing('stg_customers') }} as standing
        on changed_customers.customer_id = standing.customer_id
    where standing.customer_id is null

),

unfinished_keys as (

    -- What an attempt that did not come to its end had found; its tables may have forgotten it.
    select
        unfinished.entity,
        unfinished.pending_key,
        unfinished.order_day
    from {{ unfinished }} as unfinished
    inner join build
        on unfinished.build_number = build.build_number

),

delivery_ids as (

    select delivery_id from changed_deliveries
    union distinct
    select delivery_id from lost_deliveries
    union distinct
    select pending_key as delivery_id
    from unfinished_keys
    where entity = 'deliveries'

),

delivery_range as (

    -- Ids often rise with time: then those in between lie together, and nobody needs to go through the others.
    select
        min(delivery_id) as first_id,
        max(delivery_id) as last_id
    from delivery_ids

),

standing_deliveries as (

    select
        standing.delivery_id,
        standing.order_id,
        standing.changed_on
    from {{ standing('stg_deliveries') }} as standing
    cross join delivery_range
    where
        standing.delivery_id >= delivery_range.first_id
        and standing.delivery_id <= delivery_range.last_id
        and standing.delivery_id in (select delivery_ids.delivery_id from delivery_ids)

),

orders_in_question as (

    select order_id from changed_orders
    union all
    select order_id from lost_orders
    union all
    select order_id from changed_deliveries
    union all
    -- a delivery may have belonged to another order before
    select order_id from standing_deliveries
    union all
    select raw_rows.order_id
    from {{ source('raw', 'deliveries') }} as raw_rows
    where raw_rows.delivery_id in (select lost_deliveries.delivery_id from lost_deliveries)
    union all
    select standing.order_id
    from {{ fct_orders }} as standing
    where standing.customer_id in (select moved_customers.customer_id from moved_customers)
    union all
    -- whose customers nobody knew
    select standing.order_id
    from {{ fct_orders }} as standing
    where
        standing.country is null
        and standing.segment is null
        and standing.customer_id in (select unknown_customers.customer_id from unknown_customers)
    union all
    -- known before, and come to pass since
    {% for entity, moment in [('orders', 'ordered_at'), ('orders', 'delivered_at'), ('deliveries', 'shipped_at')] %}
    select standing.order_id
    from {{ standing('stg_' ~ entity) }} as standing
    cross join passed
    where
        standing.{{ moment }} >= passed.first_moment
        and standing.{{ moment }} < passed.end_moment
    union all
    {% endfor %}
    -- late since
    select standing.order_id
    from {{ fct_orders }} as standing
    cross join build
    where
        standing.is_open
        and not standing.is_late
        and standing.late_on <= build.as_of

),

found as (

    {% for entity, key in keys.items() %}
    select
        '{{ entity }}' as entity,
        {{ key }} as pending_key,
        false as is_lost
    from changed_{{ entity }}
    union all
    select
        '{{ entity }}' as entity,
        {{ key }} as pending_key,
        true as is_lost
    from lost_{{ entity }}
    union all
    {% endfor %}
    select
        'fct_orders' as entity,
        order_id as pending_key,
        true as is_lost
    from orders_in_question
    union all
    select
        entity,
        pending_key,
        true as is_lost
    from unfinished_keys

),

keys as (

    select
        found.entity,
        found.pending_key,
        max(case when found.is_lost then 1 else 0 end) = 1 as is_lost
    from found
    cross join build
    where not build.rebuilds_everything
    group by
        found.entity,
        found.pending_key

),

order_range as (

    select
        min(pending_key) as first_id,
        max(pending_key) as last_id
    from keys
    where entity = 'fct_orders'

),

standing_orders as (

    select
        standing.order_id,
        standing.changed_on,
        standing.updated_at,
        cast(standing.ordered_at as date) as order_day
    from {{ standing('stg_orders') }} as standing
    cross join order_range
    where
        standing.order_id >= order_range.first_id
        and standing.order_id <= order_range.last_id
        and standing.order_id in (
            select keys.pending_key
            from keys
            where keys.entity = 'fct_orders'
        )

),

standing_rows as (

    -- What stands of these keys, and where: a build need not look for it once more.
    {% for entity in ['orders', 'fct_orders'] %}
    select
        '{{ entity }}' as entity,
        order_id as pending_key,
        changed_on,
        updated_at
    from standing_orders
    union all
    {% endfor %}
    select
        'deliveries' as entity,
        delivery_id as pending_key,
        changed_on,
        cast(null as timestamp_ntz) as updated_at
    from standing_deliveries
    {% for entity in ['customers', 'products'] %}
    union all
    select
        '{{ entity }}' as entity,
        standing.{{ keys[entity] }} as pending_key,
        standing.changed_on,
        cast(null as timestamp_ntz) as updated_at
    from {{ standing('stg_' ~ entity) }} as standing
    where
        standing.{{ keys[entity] }} in (
            select keys.pending_key
            from keys
            where keys.entity = '{{ entity }}'
        )
    {% endfor %}

),

order_days as (

    -- The days fct_orders has them under: those of the versions that stand, and of those before an attempt.
    select
        order_id,
        order_day
    from standing_orders
    union distinct
    select
        pending_key as order_id,
        order_day
    from unfinished_keys
    where order_day is not null

),

final as (

    select
        keys.entity,
        keys.pending_key,
        keys.is_lost,
        standing_rows.changed_on,
        standing_rows.updated_at,
        order_days.order_day,
        build.build_number
    from keys
    cross join build
    left join standing_rows
        on
            keys.pending_key = standing_rows.pending_key
            and keys.entity = standing_rows.entity
    left join order_days
        on
            keys.pending_key = order_days.order_id
            and keys.entity = 'fct_orders'

)

{% else %}

final as (

    -- Everything is made as a whole.
    select
        cast(changed_days.entity as varchar) as entity,
        cast(null as varchar) as pending_key,
        false as is_lost,
        cast(null as date) as changed_on,
        cast(null as timestamp_ntz) as updated_at,
        cast(null as date) as order_day,
        build.build_number
    from build
    inner join changed_days
        on false

)

{% endif %}

select * from final
