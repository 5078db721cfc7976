#!/usr/bin/env bash
# run.sh BINARY [adbc] [jdbc] [node] [go] [validation]: the tests of Flight SQL clients, against servers they start and end.
# Drivers come from PyPI, Maven Central, npm and Go's proxy, and are kept under ${VOLLEY_CLIENTS:-~/.cache/volley-clients}.
# TPC-H is run where its queries and answers are: $VOLLEY_CORPORA/../bench, or ../shared/bench beside the checkout. Its data are
# ${VOLLEY_DATA:-~/.cache/volley-data}/tpch-1, made if they are not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
VOLLEY_BIN=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
VOLLEY_ROOT=$(cd "$here/../.." && pwd)
export VOLLEY_BIN VOLLEY_ROOT
shift
keep=${VOLLEY_CLIENTS:-$HOME/.cache/volley-clients}
mkdir -p "$keep"
code=0
bench=$(cd "${VOLLEY_CORPORA:-$here/../../../shared/corpora}/../bench" 2>/dev/null && pwd) || bench=
if [ -n "$bench" ]; then
  VOLLEY_DATA=${VOLLEY_DATA:-$HOME/.cache/volley-data}
  if [ ! -f "$VOLLEY_DATA/tpch-1/.done" ]; then
    mkdir -p "$VOLLEY_DATA" && bash "$bench/gen.sh" tpch 1 "$VOLLEY_DATA/tpch-1" >/dev/null && touch "$VOLLEY_DATA/tpch-1/.done"
  fi
  export VOLLEY_DATA VOLLEY_BENCH=$bench
else
  echo "SKIP TPC-H: no queries and answers"
fi
for suite in ${*:-adbc jdbc node go validation}; do
  echo "== $suite"
  case $suite in
  adbc)
    key=$(sha256sum "$here/adbc/requirements.txt" | cut -c1-16)
    if [ ! -f "$keep/adbc-$key/.done" ]; then
      python3 -m venv "$keep/adbc-$key" && "$keep/adbc-$key/bin/pip" install -q -r "$here/adbc/requirements.txt" && touch "$keep/adbc-$key/.done"
    fi
    "$keep/adbc-$key/bin/python" -m pytest -q -p no:cacheprovider "$here/adbc" || code=1
    ;;
  jdbc)
    work=$(mktemp -d)
    cp -r "$here/jdbc/pom.xml" "$here/jdbc/src" "$work"
    (cd "$work" && mvn -q -B test) || code=1
    grep -h '^Tests run' "$work"/target/surefire-reports/*.txt || code=1
    rm -rf "$work"
    ;;
  node)
    key=$(sha256sum "$here/node/package.json" | cut -c1-16)
    work=$keep/node-$key
    [ -d "$work/node_modules" ] || { mkdir -p "$work" && cp "$here/node/package.json" "$work" && (cd "$work" && npm install --silent --no-audit --no-fund); }
    cp "$here"/node/*.test.js "$work" && (cd "$work" && node --test) || code=1
    ;;
  go)
    (cd "$here/../.." && go test -count=1 -run TPCH -v ./flight/driver) || code=1
    ;;
  validation)
    (cd "$here/validation" && go test -count=1 -v ./...) || code=1
    ;;
  esac
done
exit $code
