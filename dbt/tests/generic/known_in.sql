{#
    Values of a column that `to` does not know. An empty `to` is a shop that does not send that file:
    nothing is unknown then.
#}
{% test known_in(model, column_name, to, field) %}

with

children as (

    select distinct {{ column_name }} as child_key
    from {{ model }}

),

span as (

    -- Ids often rise with time: then those in between lie together, and nobody needs to go through the others.
    select
        min(child_key) as first_key,
        max(child_key) as last_key
    from children

),

parents as (

    select everyone.{{ field }} as parent_key
    from {{ to }} as everyone
    cross join span
    where
        everyone.{{ field }} >= span.first_key
        and everyone.{{ field }} <= span.last_key

)

select children.child_key
from children
left join parents
    on children.child_key = parents.parent_key
where
    parents.parent_key is null
    and (select count(*) from {{ to }}) > 0

{% endtest %}
