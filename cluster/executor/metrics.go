package executor

import (
	"github.com/volley-sql/volley/exec"
	"github.com/volley-sql/volley/flight/control"
)

// NodeStats are a task's figures by plan node. It may be called while the task runs.
func NodeStats(t *exec.Task) []control.NodeStats {
	var out []control.NodeStats
	for _, m := range t.Metrics() {
		out = append(out, control.NodeStats{Node: m.Node, Rows: m.Rows, Bytes: m.Bytes, Batches: m.Batches, Nanos: m.Time.Nanoseconds()})
	}
	return out
}

// scanned is how much a task has read so far.
func scanned(t *exec.Task) (rows, bytes int64) {
	for _, m := range t.Metrics() {
		switch m.Name {
		case "Scan", "StageRead", "Range":
			rows += m.Rows
			bytes += m.Bytes
		}
	}
	return rows, bytes
}
