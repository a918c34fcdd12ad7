copy into {table}
from @{stage}/{batch_id}/{entity}/
file_format = (type = parquet use_logical_type = true)
match_by_column_name = case_insensitive
