#!/usr/bin/env bash
# compare_duckdb.sh: sets volley beside DuckDB, the two taking turns, so that a
# busy machine is as busy for one as for the other.
#
#   docs/bench/compare_duckdb.sh QUERIES DATA [ROUNDS]
#
# QUERIES is a folder of *.sql, DATA a folder of Parquet files (table.parquet,
# or table/*.parquet). Each round runs every query once cold and once hot in
# a new process of either engine; the table shows the least hot time and CPU time of all rounds.
#
# Environment: VOLLEY (binary, default: built from this tree), THREADS (2),
# DUCKDB_VERSION (2.0.0), VENV (a Python environment to use or make).
set -eu
[ $# -ge 2 ] || { sed -n '2,13s/^# \{0,1\}//p' "$0"; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
queries=$1 data=$2 rounds=${3:-3} threads=${THREADS:-2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${VOLLEY:-}" ]; then
  VOLLEY=$work/volley
  (cd "$here/../.." && go build -o "$VOLLEY" ./cmd/volley)
fi
VENV=${VENV:-$work/venv}
if ! "$VENV/bin/python" -c 'import duckdb' 2>/dev/null; then
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install --quiet "duckdb==${DUCKDB_VERSION:-2.0.0}" pytz
fi

cat >"$work/duck.py" <<'PY'
import glob, json, os, resource, sys, time
import duckdb
queries, data, threads, out = sys.argv[1:5]
c = duckdb.connect()
c.execute("set threads=%s" % threads)
for p in sorted(os.listdir(data)):
    full = os.path.join(data, p)
    if p.endswith(".parquet"):
        c.execute("create view %s as select * from '%s'" % (p[:-8], full))
    elif os.path.isdir(full):
        c.execute("create view %s as select * from '%s/*.parquet'" % (p, full))
cpu = lambda: sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
result = []
for f in sorted(glob.glob(os.path.join(queries, "*.sql"))):
    text, q = open(f).read().strip().rstrip(";"), {"name": os.path.basename(f)[:-4], "hot_s": [], "hot_cpu_s": []}
    try:
        for i in range(2):
            t, u = time.perf_counter(), cpu()
            c.execute(text).fetchall()
            if i:
                q["hot_s"].append(time.perf_counter() - t)
                q["hot_cpu_s"].append(cpu() - u)
    except Exception as e:
        q["error"] = str(e)
    result.append(q)
json.dump({"version": duckdb.__version__, "queries": result, "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}, open(out, "w"))
PY

cat >"$work/table.py" <<'PY'
import glob, json, math, sys
def load(pattern):
    best, peak, version = {}, 0, ""
    for f in glob.glob(pattern):
        r = json.load(open(f))
        peak, version = max(peak, r.get("peak_rss_bytes", 0)), r["version"]
        for q in r["queries"]:
            if not q.get("error") and q["hot_s"]:
                a = best.get(q["name"], (math.inf, math.inf))
                best[q["name"]] = (min(a[0], *q["hot_s"]), min(a[1], *q["hot_cpu_s"]))
    return best, peak, version
d, dp, dv = load(sys.argv[1] + "/duck*.json")
v, vp, vv = load(sys.argv[1] + "/volley*.json")
print("| query | duckdb s | volley s | ratio | duckdb cpu s | volley cpu s | ratio |")
print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
both = sorted(set(d) & set(v))
for n in both:
    print("| %s | %.3f | %.3f | %.2f | %.3f | %.3f | %.2f |" % (n, d[n][0], v[n][0], v[n][0] / d[n][0], d[n][1], v[n][1], v[n][1] / d[n][1]))
sums = [sum(x[n][i] for n in both) for i in (0, 1) for x in (d, v)]
geo = [math.exp(sum(math.log(v[n][i] / d[n][i]) for n in both) / max(1, len(both))) for i in (0, 1)]
print("| total, geometric mean of ratios | %.3f | %.3f | %.2f | %.3f | %.3f | %.2f |" % (sums[0], sums[1], geo[0], sums[2], sums[3], geo[1]))
print("\nduckdb %s peak %d MB, volley %s peak %d MB; only in one: %s" % (dv, dp / 1e6, vv, vp / 1e6, " ".join(sorted(set(d) ^ set(v))) or "none"))
PY

for i in $(seq "$rounds"); do
  "$VENV/bin/python" "$work/duck.py" "$queries" "$data" "$threads" "$work/duck$i.json"
  "$VOLLEY" bench "$queries" --master "local[$threads]" --tables "$data" --conf spark.sql.session.timeZone=UTC --runs 1 --out "$work/volley$i.json" >/dev/null || true
done
python3 "$work/table.py" "$work"
