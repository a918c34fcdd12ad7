"""How the outside world is reached: Prefect block definitions as code.

`python -m blocks.register` writes them from the environment, `--check` tries them.
"""
