select min(name) as name
from ops.environment
