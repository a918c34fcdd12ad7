{#
    A build makes anew what can have changed since the last one that was completed, and nothing else.

    models/build/ holds its own records: current_build says which build this is, changed_days which days brought
    something new, pending_keys which keys are to be made anew for them, and built_days, the last model of all, which
    days the last completed build knew.
#}

{# The relation of a model as an earlier build left it, or none. No ref: it is read before it is built again. #}
{% macro standing(model_name) %}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
        {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}


{#
    What the build under way has to do: `everything`, or of each entity how many keys are `pending` and how many of them
    are `lost`, and on which days, at the earliest, versions stand (`changed_on`) and orders are counted (`order_day`)
    that are to be replaced; `changed_since` is the first of the changed days. Asked once an invocation, as soon as
    pending_keys was made, and kept where all nodes find it.
#}
{% macro build_plan(made_just_now=none) %}
    {%- if 'build_plan' not in graph -%}
        {%- set asked = run_query(
            'select build.rebuilds_everything, pending_keys.entity, count(pending_keys.entity) as pending,'
            ~ ' count(case when pending_keys.is_lost then 1 end) as lost, min(pending_keys.changed_on) as changed_on,'
            ~ ' min(pending_keys.order_day) as order_day,'
            ~ ' (select min(batch_day) from ' ~ ref('changed_days') ~ ') as changed_since'
            ~ ' from ' ~ ref('current_build') ~ ' as build'
            ~ ' left join ' ~ (made_just_now or ref('pending_keys')) ~ ' as pending_keys'
            ~ ' on build.build_number = pending_keys.build_number'
            ~ ' group by build.rebuilds_everything, pending_keys.entity'
        ) -%}
        {%- set plan = {'everything': asked.rows[0][0], 'changed_since': asked.rows[0][6], 'columns': {}} -%}
        {%- for _, entity, pending, lost, changed_on, order_day, _ in asked.rows if entity -%}
            {%- do plan.update({entity: {
                'pending': pending | int, 'lost': lost | int, 'changed_on': changed_on, 'order_day': order_day
            }}) -%}
        {%- endfor -%}
        {%- do plan.columns.update(standing_columns()) -%}
        {%- do graph.update({'build_plan': plan}) -%}
    {%- endif -%}
    {{ return(graph['build_plan']) }}
{% endmacro %}


{# As a hook of pending_keys: asks before several models at once would. It has no statement of its own. #}
{% macro ask_for_the_build_plan() %}
    {%- if execute -%}
        {%- do build_plan(this) -%}
    {%- endif -%}
{% endmacro %}


{# The columns of the tables that are made anew by pending keys, by SCHEMA.TABLE, as they stand. #}
{% macro standing_columns() %}
    {%- set tables = [] -%}
    {%- for node in graph.nodes.values() if node.config.materialized == 'replaced_by_key' -%}
        {%- do tables.append(node.schema | upper ~ '.' ~ node.alias | upper) -%}
    {%- endfor -%}
    {%- set asked = run_query(
        "select concat(table_schema, '.', table_name) as table_name, lower(column_name) as column_name"
        ~ ' from ' ~ this.database ~ '.information_schema.columns'
        ~ " where concat(table_schema, '.', table_name) in ('" ~ tables | join("', '") ~ "')"
        ~ ' order by table_schema, table_name, ordinal_position'
    ) -%}
    {%- set columns = {} -%}
    {%- for table, column in asked.rows -%}
        {%- do columns.setdefault(table, []).append(column) -%}
    {%- endfor -%}
    {{ return(columns) }}
{% endmacro %}


{#
    The entities of which the manifest does not know as many rows as the landing zone has: loaded or changed by other
    means than the pipeline's. Tables are counted as wholes, which warehouses answer without reading them.
#}
{% macro entities_to_count(entities) %}
    {%- set manifest = source('ops', 'load_manifest') -%}
    {%- set comparison -%}
        select entity
        from (
            {%- for entity in entities %}
            select
                '{{ entity }}' as entity,
                (select count(*) from {{ source('raw', entity) }}) as row_count,
                (select coalesce(sum(row_count), 0) from {{ manifest }} where entity = '{{ entity }}') as known_rows
            {{ 'union all' if not loop.last }}
            {%- endfor %}
        ) as compared
        where row_count != known_rows
    {%- endset -%}
    {{ return((run_query(comparison).columns[0].values() | sort) if execute else []) }}
{% endmacro %}


{#
    Whether a model makes only its pending keys anew; else it is made as a whole, as it is where an earlier version of
    it had not all of its columns.
#}
{% macro builds_pending_only() %}
    {#- whatever a model may read then, so that dbt makes it first -#}
    {%- for model_name in ['current_build', 'changed_days', 'pending_keys'] -%}
        {%- do ref(model_name) -%}
    {%- endfor -%}
    {%- if not execute or is_full_refresh() or not standing(model.name) or build_plan().everything -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set columns = build_plan().columns.get(this.schema | upper ~ '.' ~ this.identifier | upper, []) -%}
    {{ return(model.columns | reject('in', columns) | list | length == 0) }}
{% endmacro %}


{# Whether each model that is made anew by pending keys is there, and what tells them. #}
{% macro everything_stands() %}
    {%- if not execute -%}
        {{ return(false) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set tells_them = node.name in ('built_days', 'pending_keys') -%}
        {%- if (tells_them or node.config.materialized == 'replaced_by_key') and not standing(node.name) -%}
            {{ return(false) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(true) }}
{% endmacro %}


{# Whether dbt was asked to make every model as a whole. #}
{% macro is_full_refresh() %}
    {{ return(flags.FULL_REFRESH) }}
{% endmacro %}


{# The keys that rows have to be made anew for, as a query of one column. #}
{% macro pending(entity) -%}
    {%- if entity == 'order_days' -%}
        select order_day from {{ ref('pending_order_days') }}
    {%- else -%}
        select pending_key from {{ ref('pending_keys') }} where entity = '{{ entity }}'
    {%- endif -%}
{%- endmacro %}


{#
    The rows of the landing zone among which the newest version of a key is to be found, as a query: all up to the
    as-of day; or, of a build that makes pending keys alone, those of changed days, and every version of a key that may
    have lost the one that stands.
#}
{% macro raw_versions(entity, key, pending_only) -%}
    select raw_rows.*
    from {{ source('raw', entity) }} as raw_rows
    {%- if pending_only %}
    inner join {{ ref('changed_days') }} as changed_days
        on
            raw_rows._batch_day = changed_days.batch_day
            and changed_days.entity = '{{ entity }}'
    union all
    select raw_rows.*
    from {{ source('raw', entity) }} as raw_rows
    {%- endif %}
    cross join clock
    where
        raw_rows._batch_day <= clock.as_of
        {%- if pending_only %}
        and raw_rows.{{ key }} in ({{ pending(entity) }} and is_lost)
        {%- endif %}
{%- endmacro %}


{#
    The rows of stg_orders that the orders to be made anew have now, as a condition. Those that were not remade lie on
    the days that pending_keys says or later ones; of a lost one nobody knows.
#}
{% macro pending_orders_only() -%}
    {%- set orders, fct_orders = build_plan().get('orders', {}), build_plan().get('fct_orders', {}) -%}
    {%- set changed_on = fct_orders.get('changed_on') -%}
    {%- if changed_on and not orders.get('lost') -%}
        changed_on >= {{ day_of([changed_on, build_plan().changed_since] | reject('none') | min) }}
        and
    {% endif -%}
    order_id in ({{ pending('fct_orders') }})
{%- endmacro %}


{#
    Stops a run that would put the models back to an earlier day. What they tell of today would be lost; a look back has
    schemas of its own.
#}
{% macro refuse_to_go_back() %}
    {%- set may_go_back = var('past') or flags.FULL_REFRESH or var('as_of') is none -%}
    {%- if execute and flags.WHICH in ('build', 'run') and not may_go_back -%}
        {%- set built_days = standing('built_days') -%}
        {%- if built_days -%}
            {%- set stands_at = run_query('select max(as_of) from ' ~ built_days).columns[0].values()[0] -%}
            {%- set as_of = parse_day(var('as_of')) -%}
            {%- if stands_at is not none and as_of | string < stands_at | string -%}
                {{ exceptions.raise_compiler_error(
                    "the models stand at " ~ stands_at ~ ", after " ~ as_of ~ ". To see what was known then, without"
                    ~ " changing them: --vars '{as_of: " ~ as_of ~ ", past: true}' builds into STAGING_PAST, MARTS_PAST and"
                    ~ " ALERTS_PAST. To put the models back to that day: --full-refresh"
                ) }}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{#
    Stops a build that would note the landing zone as built without having made every model: what it left out would
    never be made up for.
#}
{% macro require_whole_build() %}
    {%- if execute and flags.WHICH in ('build', 'run', 'retry') -%}
        {%- set left_out = [] -%}
        {%- for id, node in graph.nodes.items() if node.resource_type == 'model' and id not in selected_resources -%}
            {%- do left_out.append(node.name) -%}
        {%- endfor -%}
        {%- if left_out and flags.WHICH != 'retry' -%}
            {{ exceptions.raise_compiler_error(
                "built_days notes what all models know, and this run leaves out " ~ left_out | sort | join(', ')
                ~ "; leave out built_days too (--exclude built_days), or build everything"
            ) }}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
