{#
    What dbt tests read instead of a whole relation. `where: __pending__` in a test's config stands for the rows that
    the build under way has made anew: the others were tested when they were made. For `dbt test`, between builds, it
    stands for all rows.
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


{#
    The rows of a relation that the build under way has made anew, or the relation where it was made as a whole. Where
    nothing was pending, those are looked at that were made last.
#}
{% macro pending_rows(relation, model_name) %}
    {%- if not execute or flags.WHICH == 'test' -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- set made = made_rows(model_name) -%}
    {{ return(adapter.get_relation(made.database, made.schema, made.identifier) or relation) }}
{% endmacro %}
