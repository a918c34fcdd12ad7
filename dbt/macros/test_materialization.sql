{#
    dbt's own materialization of data tests, but for the order: it counts first and stores the rows only of a test that
    found some, where dbt's stores an empty table for each that passed. What an earlier failure stored is taken away.
#}
{% materialization test, adapter='snowflake' %}

    {%- set original_query_tag = set_query_tag() -%}
    {%- set relations = [] -%}
    {%- set found -%}
        {{ get_limit_subquery_sql(sql, config.get('limit')) }}
    {%- endset -%}

    {% call statement('main', fetch_result=True) -%}
        {{ get_test_sql(found, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall %}

    {%- if should_store_failures() -%}
        {%- set stored = api.Relation.create(database=database, schema=schema, identifier=model['alias'], type='table') -%}
        {%- if load_result('main')['data'][0][0] | int > 0 -%}
            {% call statement('store') -%}
                {{ get_create_table_as_sql(false, stored, found) }}
            {%- endcall %}
            {%- do relations.append(stored) -%}
        {%- elif adapter.get_relation(database, schema, model['alias']) -%}
            {%- do adapter.drop_relation(stored) -%}
        {%- endif -%}
    {%- endif -%}

    {%- do unset_query_tag(original_query_tag) -%}
    {{ return({'relations': relations}) }}

{% endmaterialization %}
