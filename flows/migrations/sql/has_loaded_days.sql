select count(*) as days
from ops.load_manifest
