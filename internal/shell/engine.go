package shell

import (
	"context"
	"fmt"
	"time"

	"github.com/volley-sql/volley/cluster/driver"
	"github.com/volley-sql/volley/internal/app"
	"github.com/volley-sql/volley/internal/output"
	"github.com/volley-sql/volley/internal/session"
	"github.com/volley-sql/volley/internal/settings"
	"github.com/volley-sql/volley/planner/stage"
)

// Engine is what runs the statements of a Runner, one at a time: a session of
// this process (Local) or of a server (Remote).
type Engine interface {
	Run(ctx context.Context, text string, params session.Params) (*session.Result, error)
	// Tables names the tables and views that have no need of a schema before their name, in order.
	Tables(ctx context.Context) ([]string, error)
	// Display is how values of a result are written: time zone and styles.
	Display(ctx context.Context, res *session.Result) output.Options
	// Progress describes what runs, for took so far, in lines of at most width.
	Progress(took time.Duration, width int) []string
	// OnStages has f called with the stages of every query, as it starts.
	OnStages(f func(text string))
	// Where says what statements run on.
	Where() string
}

// local is a session of this process.
type local struct {
	app     *app.App
	session *session.Session
}

// Local is the engine of a session in this process.
func Local(a *app.App, s *session.Session) Engine { return &local{a, s} }

// Run implements Engine.
func (l *local) Run(ctx context.Context, text string, params session.Params) (*session.Result, error) {
	return l.session.Run(ctx, text, params)
}

// Tables implements Engine.
func (l *local) Tables(ctx context.Context) ([]string, error) {
	entries, err := l.session.Tables(ctx)
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.Name
	}
	return out, err
}

// Display implements Engine.
func (l *local) Display(_ context.Context, res *session.Result) output.Options {
	o := output.Options{Zone: ZoneOf(res, l.session)}
	if res.Settings != nil {
		o.BinaryStyle = settings.BinaryOutputStyle.Get(res.Settings)
	}
	return o
}

// Progress implements Engine.
func (l *local) Progress(took time.Duration, width int) (lines []string) {
	for _, j := range l.app.Jobs() {
		lines = append(lines, progressLines(j.Progress(), took, width)...)
	}
	return lines
}

// OnStages implements Engine.
func (l *local) OnStages(f func(string)) {
	l.app.OnJob(func(j *driver.Job) { f(stage.Format(j.Stages())) })
}

// Where implements Engine.
func (l *local) Where() string {
	if n := l.app.Driver().Partitions(); n > 1 {
		return fmt.Sprintf("%d tasks a stage", n)
	}
	return "this machine"
}

// ZoneOf is the time zone that a result is shown in.
func ZoneOf(res *session.Result, s *session.Session) *time.Location {
	snap := res.Settings
	if snap == nil {
		snap = s.Settings.Snapshot()
	}
	return settings.TimeZone(snap)
}
