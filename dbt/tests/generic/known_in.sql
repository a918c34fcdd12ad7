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

parents as (

    select {{ field }} as parent_key
    from {{ to }}

)

select children.child_key
from children
left join parents
    on children.child_key = parents.parent_key
where
    parents.parent_key is null
    and (select count(*) from parents) > 0

{% endtest %}
