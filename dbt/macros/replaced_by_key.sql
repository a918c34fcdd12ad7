{#
    A table of which a build makes only the pending keys anew: in one transaction it puts in what the model's query gives
    for them, and takes away what stood of those keys and of lost ones. A lost key for which the query gives nothing is
    gone afterwards; the strategies `merge` and `delete+insert` of incremental models would keep its last row.

    The model's meta says what it is pending by, `meta: {pending: orders}`, with its `unique_key`. Where it says also
    which day its rows lie by, `lies_by: changed_on`, they are put together by it when the table is made as a whole, and
    what is to go is only looked for on the days on which pending_keys says that it stands. The rows that were made last
    stay in a table of their own, so that tests need not look for them among all the others.
#}
{% materialization replaced_by_key, adapter='snowflake' %}

    {%- set original_query_tag = set_query_tag() -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set made = made_rows(model.name) -%}
    {%- set relations = [target_relation] -%}
    {%- set entity, key = config.require('meta')['pending'], config.require('unique_key') -%}
    {%- set lies_by = config.get('meta').get('lies_by') -%}

    {{ run_hooks(pre_hooks) }}

    {%- if not builds_pending_only() -%}
        {%- set standing_relation = adapter.get_relation(database, schema, this.identifier) -%}
        {%- if target_relation.needs_to_drop(standing_relation) -%}
            {{ drop_relation_if_exists(standing_relation) }}
        {%- endif -%}
        {%- call statement('main') -%}
            {{ create_table_as(false, target_relation, sql ~ ('\norder by ' ~ lies_by if lies_by else '')) }}
        {%- endcall -%}
        {{ drop_relation_if_exists(adapter.get_relation(made.database, made.schema, made.identifier)) }}
    {%- else -%}
        {%- set anything = has_pending(entity) -%}
        {%- if anything or not adapter.get_relation(made.database, made.schema, made.identifier) -%}
            {%- call statement('made') -%}
                {{ create_table_as(false, made, sql) }}
            {%- endcall -%}
            {%- do relations.append(made) -%}
        {%- endif -%}
        {%- if anything -%}
            {%- set columns = build_plan().columns[this.schema | upper ~ '.' ~ this.identifier | upper] | join(', ') -%}
            {%- set earliest = earliest_of(made, lies_by, entity) if lies_by else none -%}
            {%- set replacement -%}
                delete from {{ target_relation }}
                where
                    {{ lies_by ~ ' >= ' ~ day_of(earliest) ~ ' and ' if earliest }}{{ key }} in (
                        select {{ key }} from {{ made }}
                        union all
                        {{ pending(entity) }}{{ ' and is_lost' if entity != 'order_days' }}
                    );
                insert into {{ target_relation }} ({{ columns }})
                select {{ columns }}
                from {{ made }}
            {%- endset -%}
            {%- call statement('main') -%}
                {{ snowflake_dml_explicit_transaction(replacement) }}
            {%- endcall -%}
        {%- else -%}
            {%- call noop_statement('main', 'NOTHING PENDING') -%}
                {{ sql }}
            {%- endcall -%}
        {%- endif -%}
    {%- endif -%}

    {{ run_hooks(post_hooks) }}

    {%- do persist_docs(target_relation, model) -%}
    {%- do unset_query_tag(original_query_tag) -%}
    {{ return({'relations': relations}) }}

{% endmaterialization %}


{#
    The first of the days on which a model has rows that go: what stood before, and what was made, which a run that lost
    its connection may have put in already. None: there are no such rows. Newest versions that were not lost are of
    changed days; only for others what was made has to be asked.
#}
{% macro earliest_of(made, lies_by, entity) %}
    {%- set plan = build_plan() -%}
    {%- if lies_by == 'changed_on' and not plan[entity].lost -%}
        {%- set made_on = plan.changed_since -%}
    {%- else -%}
        {%- set made_on = run_query('select min(' ~ lies_by ~ ') from ' ~ made).columns[0].values()[0] -%}
    {%- endif -%}
    {{ return([plan[entity][lies_by], made_on] | reject('none') | min) }}
{% endmacro %}


{# The table that keeps the rows which a model has made last. #}
{% macro made_rows(model_name) %}
    {%- set beside = graph.nodes['model.' ~ project_name ~ '.pending_keys'] -%}
    {{ return(api.Relation.create(
        database=beside.database, schema=beside.schema, identifier='MADE_' ~ model_name | upper, type='table'
    )) }}
{% endmacro %}


{# Whether there may be a key of the entity that rows have to be made anew for. #}
{% macro has_pending(entity) %}
    {{ return(('fct_orders' if entity == 'order_days' else entity) in build_plan()) }}
{% endmacro %}
