{%- set watched = {
    'orders': ['quantity', 'unit_price', 'shipping_tier', 'promised_date'],
    'deliveries': ['carrier', 'region'],
} -%}

with

clock as (

    select {{ as_of() }} as as_of

),

loaded as (

    select
        entity,
        batch_day,
        sum(row_count) as row_count
    from {{ ref('loaded_days') }}
    where entity in ('orders', 'deliveries')
    group by
        entity,
        batch_day

),

newest as (

    select
        entity,
        max(batch_day) as last_day
    from loaded
    group by entity

),

gaps as (

    -- Days without rows before each loaded day, as far back as is looked.
    select
        loaded.entity,
        newest.last_day,
        datediff(
            day,
            lag(loaded.batch_day) over (
                partition by loaded.entity
                order by loaded.batch_day
            ),
            loaded.batch_day
        ) - 1 as silence
    from loaded
    inner join newest
        on loaded.entity = newest.entity
    where loaded.batch_day >= dateadd(day, -{{ var('health_history_days') }}, newest.last_day)

),

freshness as (

    select
        'freshness' as check_name,
        gaps.entity,
        cast(null as varchar) as column_name,
        datediff(day, gaps.last_day, clock.as_of) as observed,
        0 as expected_low,
        max(gaps.silence) as expected_high,
        count(*) >= {{ var('health_least_days') }} as is_judged
    from gaps
    cross join clock
    group by
        gaps.entity,
        gaps.last_day,
        clock.as_of

),

same_weekdays as (

    select
        newest.entity,
        min(loaded.row_count) as least,
        max(loaded.row_count) as most,
        count(loaded.row_count) as days
    from newest
    cross join clock
    left join loaded
        on
            newest.entity = loaded.entity
            and clock.as_of > loaded.batch_day
            and dateadd(day, -{{ var('health_history_days') }}, clock.as_of) <= loaded.batch_day
            and mod(datediff(day, loaded.batch_day, clock.as_of), 7) = 0
    group by newest.entity

),

volume as (

    select
        'volume' as check_name,
        same_weekdays.entity,
        cast(null as varchar) as column_name,
        coalesce(loaded.row_count, 0) as observed,
        floor({{ var('health_volume_low') }} * same_weekdays.least) as expected_low,
        ceil({{ var('health_volume_high') }} * same_weekdays.most) as expected_high,
        same_weekdays.days >= 4 and same_weekdays.least >= {{ var('health_least_rows') }} as is_judged
    from same_weekdays
    cross join clock
    left join loaded
        on
            same_weekdays.entity = loaded.entity
            and clock.as_of = loaded.batch_day

),

rejected as (

    select
        rejected_rows.entity,
        count(*) as row_count
    from {{ source('raw', 'rejected_rows') }} as rejected_rows
    inner join clock
        on rejected_rows._batch_day = clock.as_of
    group by rejected_rows.entity

),

rejects as (

    select
        'rejected' as check_name,
        rejected.entity,
        cast(null as varchar) as column_name,
        cast(rejected.row_count / (rejected.row_count + coalesce(sum(loaded_days.row_count), 0)) as number(7, 4))
            as observed,
        0 as expected_low,
        {{ var('health_rejected_share') }} as expected_high,
        rejected.row_count + coalesce(sum(loaded_days.row_count), 0) >= {{ var('health_least_rows') }} as is_judged
    from rejected
    cross join clock
    left join {{ ref('loaded_days') }} as loaded_days
        on
            rejected.entity = loaded_days.entity
            and clock.as_of = loaded_days.batch_day
    group by
        rejected.entity,
        rejected.row_count

),

{% for entity, columns in watched.items() %}
{{ entity }}_values as (

    select
        raw_rows._batch_day = clock.as_of as is_today,
        {% for column in columns %}
        count(raw_rows.{{ column }}) as {{ column }}_count,
        {% endfor %}
        count(*) as row_count
    from {{ source('raw', entity) }} as raw_rows
    cross join clock
    where
        raw_rows._batch_day <= clock.as_of
        and raw_rows._batch_day >= dateadd(day, -28, clock.as_of)
    group by raw_rows._batch_day = clock.as_of

),

{% endfor %}
nulls as (

    {% for entity, columns in watched.items() %}
    {% set last_entity = loop.last %}
    {% for column in columns %}
    select
        'null_share' as check_name,
        '{{ entity }}' as entity,
        '{{ column }}' as column_name,
        cast(1 - today.{{ column }}_count / today.row_count as number(7, 4)) as observed,
        0 as expected_low,
        cast(1 - before.{{ column }}_count / before.row_count as number(7, 4))
        + {{ var('health_null_share_jump') }} as expected_high,
        today.row_count >= {{ var('health_least_rows') }}
        and before.row_count >= {{ var('health_least_rows') }} as is_judged
    from {{ entity }}_values as today
    inner join {{ entity }}_values as before
        on
            today.is_today
            and not before.is_today
    {{ 'union all' if not (loop.last and last_entity) }}
    {% endfor %}
    {% endfor %}

),

checked as (

    {% for check in ['freshness', 'volume', 'rejects', 'nulls'] %}
    select
        check_name,
        entity,
        column_name,
        cast(observed as number(18, 4)) as observed,
        cast(expected_low as number(18, 4)) as expected_low,
        cast(expected_high as number(18, 4)) as expected_high,
        is_judged
    from {{ check }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

judged as (

    select
        checked.*,
        clock.as_of,
        coalesce(
            checked.is_judged
            and (checked.observed < checked.expected_low or checked.observed > checked.expected_high),
            false
        ) as is_odd
    from checked
    cross join clock

),

final as (

    select
        cast(check_name as varchar) as check_name,
        cast(entity as varchar) as entity,
        column_name,
        observed,
        expected_low,
        expected_high,
        is_judged,
        is_odd,
        case
            when not is_odd then null
            when check_name = 'freshness'
                then concat(
                    'stale: the last ', entity, ' are ', cast(cast(observed as number(9, 0)) as varchar),
                    ' day(s) old; usually at most ',
                    cast(cast(expected_high as number(9, 0)) as varchar), ' day(s) go by without any'
                )
            when check_name = 'volume'
                then concat(
                    'odd: ', cast(cast(observed as number(18, 0)) as varchar), ' rows of ', entity,
                    ' on this day; on this weekday there are usually ',
                    cast(cast(expected_low as number(18, 0)) as varchar), ' to ',
                    cast(cast(expected_high as number(18, 0)) as varchar)
                )
            when check_name = 'rejected'
                then concat(
                    'odd: ', cast(cast(100 * observed as number(5, 1)) as varchar), ' % of the rows of ', entity,
                    ' were rejected; more than ', cast(cast(100 * expected_high as number(5, 1)) as varchar),
                    ' % is too many to judge by'
                )
            else
                concat(
                    'odd: ', column_name, ' is missing in ', cast(cast(100 * observed as number(5, 1)) as varchar),
                    ' % of the rows of ', entity, '; before it was at most ',
                    cast(cast(100 * (expected_high - {{ var('health_null_share_jump') }}) as number(5, 1)) as varchar),
                    ' %'
                )
        end as reason,
        as_of
    from judged

)

select * from final
