#!/usr/bin/env bash
# Writes the lock files anew: pins and hashes, no index addresses. Needs uv on the PATH; run by `make lock`.
set -eu
cd "$(dirname "$0")/.."
common=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet)
uv pip compile pyproject.toml "${common[@]}" -o requirements/lean.lock
# PostgreSQL's driver and MQTT's client are for offices that use them.
extra() {
  uv pip compile pyproject.toml "${common[@]}" --extra "$1" -c requirements/lean.lock -o "requirements/$1.lock.new"
  awk -v wanted="$2" '/^[a-z]/ { keep = ($0 ~ "^" wanted) } keep' "requirements/$1.lock.new" > "requirements/$1.lock"
  rm "requirements/$1.lock.new"
}
extra postgres psycopg
extra mqtt paho-mqtt
# torch is installed by version before this file (its build differs from machine to machine, so it has no hash here);
# torchvision is never installed: ultralytics only wants its NMS, which tests/stubs/torchvision hands on.
uv pip compile pyproject.toml "${common[@]}" --extra postgres --extra dev --extra train -c requirements/lean.lock \
  --no-emit-package torch --no-emit-package torchvision --no-emit-package triton --no-emit-package setuptools \
  -o requirements/dev.lock.new
# A CUDA build of torch brings its own libraries; they are torch's business, not this file's.
awk '/^[a-z]/ { keep = ($0 !~ /^(nvidia|cuda)-/) } keep' requirements/dev.lock.new > requirements/dev.lock
rm requirements/dev.lock.new
