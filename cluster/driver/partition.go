package driver

import (
	"context"
	"strconv"

	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// Partitions is in how many partitions the rows can be read by Partition, in
// place of Stream: as many as the stage has tasks whose rows the root only
// gathers. 0: there is the stream alone.
func (q *Job) Partitions() int {
	if r := q.gathered(); r != nil {
		return q.j.job.Stages[r.Stage].Tasks
	}
	return 0
}

// Ordered reports whether the partitions one after the other are the rows in their order.
func (q *Job) Ordered() bool {
	r := q.gathered()
	return r != nil && r.InOrder
}

// gathered is what the root reads if it does nothing but pass it on, without merging it.
func (q *Job) gathered() *physical.StageRead { return q.j.gathered() }

func (j *job) gathered() *physical.StageRead {
	r, ok := j.root().Plan.(*physical.StageRead)
	if !ok || r.Kind != physical.Gather || len(r.Order) > 0 {
		return nil
	}
	return r
}

// Ready waits until executors have all of the partitions.
func (q *Job) Ready(ctx context.Context) error {
	_, err := q.inputs(ctx)
	return err
}

// inputs waits for what the root reads.
func (q *Job) inputs(ctx context.Context) ([]stage.Read, error) {
	select { // of a job that is over nothing can be read
	case <-q.j.over:
		return nil, q.j.why()
	default:
	}
	select {
	case <-q.j.ready:
		return q.j.reads, nil
	case <-q.j.over:
		return nil, q.j.why()
	case <-ctx.Done():
		return nil, cancelled(ctx)
	}
}

// Partition yields the rows of a partition, from 0 to Partitions()-1, as they
// come from the executor that has it; some are fetched ahead. Several
// may be read at a time, and each as often as one likes, until Finish or
// Cancel, of which one must be called. The rows of a partition that is lost with its
// executor are made again. A stream that has begun goes on behind the rows it
// has yielded if they were the same, which it checks; else it ends with RESULT_CHANGED.
func (q *Job) Partition(ctx context.Context, i int) vec.Stream {
	return q.partition(ctx, i, func(exchange.Location) error { return nil })
}

// partition is Partition from outputs that are right alone, which may be several, one lost after the other.
func (q *Job) partition(ctx context.Context, i int, right func(exchange.Location) error) vec.Stream {
	return func(yield func(*vec.Batch, error) bool) {
		reads, err := q.inputs(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		ctx, end := q.whileOpen(ctx)
		defer end()
		acct := q.d.acct.Child("partition "+strconv.Itoa(i)+" of "+q.ID(), 0)
		defer acct.Close()
		at := q.place(reads[0], i)
		if err := right(at); err != nil {
			yield(nil, err)
			return
		}
		relocate := func(ctx context.Context, l exchange.Location, loss error) (exchange.Location, error) {
			l, err := q.relocate(ctx, l, loss)
			if err == nil {
				err = right(l)
			}
			return l, err
		}
		src := exchange.NewSource(q.gathered().Cols, q.d.links, []exchange.Location{at}, relocate, acct)
		src.FetchAhead()
		for b, err := range src.Open(ctx, 0) {
			if err != nil && ctx.Err() != nil && sqlerr.As(err) == nil {
				err = cancelled(ctx)
			}
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// place is where a partition is now.
func (q *Job) place(r stage.Read, i int) exchange.Location {
	p := r.From[i]
	l := exchange.Location{Executor: p.Executor, Address: p.Address}
	l.Task = exchange.Task{Job: q.ID(), Stage: r.Stage, Partition: p.Partition, Attempt: p.Attempt}
	if newer, ok := q.again(l); ok {
		return newer
	}
	return l
}

// whileOpen is a context that also ends with the job.
func (q *Job) whileOpen(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() { // the job may fail while its rows are read: an executor reports the user's error
		select {
		case <-q.j.over:
			cancel(q.j.why())
		case <-ended:
		}
	}()
	return ctx, func() {
		close(ended)
		cancel(nil)
	}
}

// why is the error of those who read rows of a job that is over.
func (j *job) why() error {
	if err := j.failure(); err != nil {
		return err
	}
	return sqlerr.New(sqlerr.Cancelled, "The result was closed.")
}

// Finish ends a job whose partitions have been read.
func (q *Job) Finish() {
	q.d.send(scheduler.RootFinished{Job: q.ID()})
	select {
	case <-q.j.over:
	case <-q.d.done:
	}
}
