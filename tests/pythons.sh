# The locked requirements and the unit tests on each Python that is here; says which are not.
# BIN is the directory with uv and python; a Python is found on PATH.
set -u
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
status=0
for version in 3.11 3.12 3.13; do
    python=$(command -v "python$version") || { echo "python$version: not here"; continue; }
    echo "python$version: $($python --version)"
    "$python" -m venv "$root/$version" &&
        "$BIN/uv" pip sync --quiet --python "$root/$version/bin/python" requirements.txt requirements-dev.txt &&
        "$root/$version/bin/python" -m pytest tests/unit --quiet --numprocesses 2 --dist loadscope || status=1
done
# What has no wheel for a Python would be built, or fail, on it.
for version in 3.12 3.13; do
    "$BIN/uv" pip install --quiet --dry-run --no-deps --only-binary :all: --target "$root/none" \
        --python-version "$version" --requirement requirements.txt --requirement requirements-dev.txt &&
        echo "python$version: every locked package has a wheel" || status=1
done
exit $status
