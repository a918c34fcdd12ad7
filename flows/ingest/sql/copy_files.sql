-- Left out on purpose: FORCE, because no name of a staged file is ever used twice, and PURGE, because what
-- a transaction that is rolled back has removed from the stage stays removed.
copy into {table}
from @{stage}/{path}/
file_format = (type = parquet use_logical_type = true)
match_by_column_name = case_insensitive
on_error = abort_statement
