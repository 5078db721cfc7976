package scheduler

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkThousandExecutors runs a job of two stages, of ten thousand and of
// a thousand tasks, on a thousand executors: the whole time the scheduler
// itself takes, reported by event.
func BenchmarkThousandExecutors(b *testing.B) {
	const executors, maps, reduces = 1000, 10_000, 1000
	events := 0
	for b.Loop() {
		s := New(Limits{})
		var queue []Attempt
		finished := false
		step := func(ev Event) {
			events++
			for _, a := range s.Step(time.Unix(1, 0), ev) {
				switch a := a.(type) {
				case Launch:
					queue = append(queue, a.Attempt)
				case StartRoot:
					queue = append(queue, Attempt{TaskID: TaskID{Job: a.Job, Stage: -1}})
				case Finish:
					finished = a.Err == nil
				}
			}
		}
		for i := range executors {
			step(ExecutorAdded{ID: fmt.Sprint("x", i), Host: fmt.Sprint("h", i), Slots: 1})
		}
		step(JobSubmitted{Job: Job{ID: "j", Stages: []Stage{
			{ID: 0, Tasks: maps}, {ID: 1, Tasks: reduces, Inputs: []int32{0}}, {ID: 2, Tasks: 1, Inputs: []int32{1}},
		}}})
		for len(queue) > 0 {
			a := queue[0]
			queue = queue[1:]
			if a.Stage < 0 {
				step(RootFinished{Job: a.Job})
				continue
			}
			step(TaskFinished{Attempt: a})
		}
		if !finished {
			b.Fatal("the job did not end well")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(events), "µs/event")
}
