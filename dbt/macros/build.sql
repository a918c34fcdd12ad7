{#
    A build makes anew what can have changed since the last one that was completed, and nothing else.

    models/build/ holds its own records: current_build says which build this is, pending_keys which keys it has to make
    anew, and built_days, the last model of all, which days the last completed build knew.
#}

{# The relation of a model as an earlier build left it, or none. No ref: it is read before it is built again. #}
{% macro standing(model_name) %}
    {%- if execute -%}
        {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
        {{ return(adapter.get_relation(node.database, node.schema, node.alias)) }}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}


{# Whether an incremental model makes only its pending keys anew; else it is made as a whole. #}
{% macro builds_pending_only() %}
    {%- set current_build, pending_keys = ref('current_build'), ref('pending_keys') -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(not run_query('select rebuilds_everything from ' ~ current_build).columns[0].values()[0]) }}
{% endmacro %}


{# Whether dbt was asked to make every incremental model as a whole. #}
{% macro is_full_refresh() %}
    {{ return(flags.FULL_REFRESH) }}
{% endmacro %}


{# The keys an entity's rows have to be made anew for, as a query of one column. #}
{% macro pending(entity) -%}
    select pending_key from {{ ref('pending_keys') }} where entity = '{{ entity }}'
{%- endmacro %}


{#
    Incremental strategy: in one transaction, take away what is pending and insert what the model gives for it. A key
    for which it gives nothing is gone afterwards; `merge` and `delete+insert` would keep its last row.
    The model's meta says what it is pending by: `meta: {pending: orders}` with its unique_key.
#}
{% macro get_incremental_replace_pending_sql(arg_dict) %}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    {%- set dml -%}
        delete from {{ arg_dict['target_relation'] }}
        {%- if builds_pending_only() %}
        where {{ arg_dict['unique_key'] }} in ({{ pending_query() }})
        {%- endif -%}
        ;
        insert into {{ arg_dict['target_relation'] }} ({{ columns }})
        select {{ columns }}
        from {{ arg_dict['temp_relation'] }}
    {%- endset -%}
    {{ return(snowflake_dml_explicit_transaction(dml)) }}
{% endmacro %}


{# The query behind `meta: {pending: …}` of the model that is being built. #}
{% macro pending_query() -%}
    {%- set entity = config.get('meta')['pending'] -%}
    {%- if entity == 'order_days' -%}
        select order_day from {{ ref('pending_order_days') }}
    {%- else -%}
        {{ pending(entity) }}
    {%- endif -%}
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
