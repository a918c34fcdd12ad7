select distinct origin
from ops.load_manifest
order by origin
