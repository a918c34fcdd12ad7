{#
    What dbt tests read instead of a whole relation. `where: __pending__` in a test's config stands for the rows that
    the build under way makes anew: the others were tested when they were made. Between builds it stands for all rows.
#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where', '') -%}
    {%- if where == '__pending__' -%}
        {%- set model_name = model['attached_node'].split('.') | last if model.get('attached_node') else relation.identifier | lower -%}
        {{ return(pending_rows(relation, model_name)) }}
    {%- elif where -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ where ~ ') dbt_subquery') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}


{# The rows of a relation that the build under way makes anew, or the relation. #}
{% macro pending_rows(relation, model_name) %}
    {%- if not execute or not tests_pending_only() -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set node = graph.nodes['model.' ~ project_name ~ '.' ~ model_name] -%}
    {%- set pending_keys = standing('pending_keys') -%}
    {{ return(
        '(select * from ' ~ relation ~ ' where ' ~ node.config.unique_key ~ ' in (select pending_key from ' ~ pending_keys
        ~ " where entity = '" ~ node.config.meta.pending ~ "')) dbt_subquery"
    ) }}
{% endmacro %}


{# Whether a build is under way that makes only its pending keys anew. #}
{% macro tests_pending_only() %}
    {%- set current_build, built_days = standing('current_build'), standing('built_days') -%}
    {%- if not current_build or not built_days -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set sql -%}
        select count(*)
        from {{ current_build }}
        where
            not rebuilds_everything
            and build_number > (select max(build_number) from {{ built_days }})
    {%- endset -%}
    {{ return(run_query(sql).columns[0].values()[0] | int > 0) }}
{% endmacro %}
