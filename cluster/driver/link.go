package driver

import (
	"context"
	"sync"
	"time"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/scheduler"
	"github.com/volley-sql/volley/exec/exchange"
	"github.com/volley-sql/volley/flight/control"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/planner/physical"
	"github.com/volley-sql/volley/planner/stage"
)

// link is a registered executor.
type link struct {
	id, addr string
	pid      int
	// results is the port at which it gives results to clients; empty: it does not. Driver.mu guards it.
	results string
	logins  chan struct{} // has an element for each login being judged

	mu    sync.Mutex
	queue []control.Message
	wake  chan struct{}
}

// post queues a message: the loop never waits for a slow executor.
func (x *link) post(m control.Message) {
	x.mu.Lock()
	x.queue = append(x.queue, m)
	x.mu.Unlock()
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// deliver sends what is queued until the context ends.
func (x *link) deliver(ctx context.Context, c *control.Conn) {
	for {
		x.mu.Lock()
		q := x.queue
		x.queue = nil
		x.mu.Unlock()
		for _, m := range q {
			if err := c.Send(m); err != nil {
				return // Recv sees the broken link too
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-x.wake:
		}
	}
}

// graceForManager is how long the end of a link waits for the cluster manager
// to say why: it knows whether the executor crashed or was killed.
const graceForManager = 200 * time.Millisecond

// accept is an executor's connection from its first message to its last.
func (d *Driver) accept(ctx context.Context, c *control.Conn) error {
	m, err := c.Recv()
	if err != nil {
		return err
	}
	reg, ok := m.(*control.Register)
	if !ok {
		return sqlerr.New(sqlerr.ExecutorLost, "An executor must register first.")
	}
	x := &link{id: reg.ID, addr: reg.Addr, pid: int(reg.PID), wake: make(chan struct{}, 1), logins: make(chan struct{}, maxLogins)}
	if why := d.admit(x, reg); why != "" {
		d.log.Warn("executor refused", "executor", reg.ID, "reason", why)
		return c.Send(&control.Welcome{Refused: why})
	}
	if err := c.Send(&control.Welcome{Heartbeat: int64(d.o.Heartbeat)}); err != nil {
		return err
	}
	d.log.Info("executor registered", "executor", reg.ID, "pid", reg.PID, "shuffle", reg.Addr)
	d.send(scheduler.ExecutorAdded{ID: reg.ID, Host: reg.Host, Slots: int(reg.Slots)})
	inner, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { x.deliver(inner, c) })
	err = d.receive(x, c)
	cancel()
	wg.Wait()
	select {
	case <-time.After(graceForManager):
	case <-d.done:
	}
	d.lose(x.id, "its connection ended", false)
	return err
}

func (d *Driver) admit(x *link, reg *control.Register) (refused string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return "the application is over"
	case reg.Protocol != control.Protocol:
		return "it speaks another version of the protocol"
	case d.execs[reg.ID] != nil:
		return "an executor of this id is registered already"
	}
	d.execs[reg.ID] = x
	if d.results != nil {
		x.post(d.results.message) // delivered after the welcome
	}
	return ""
}

func (d *Driver) lose(id, reason string, fault bool) {
	d.mu.Lock()
	_, known := d.execs[id]
	delete(d.execs, id)
	over := d.closed
	d.mu.Unlock()
	if known {
		if !over { // at the end all of them go
			d.log.Warn("executor lost", "executor", id, "reason", reason)
		}
		d.send(scheduler.ExecutorLost{ID: id, Reason: reason, Fault: fault})
	}
}

// watchManager reports what the cluster manager knows.
func (d *Driver) watchManager() {
	for ev := range d.manager.Events() {
		switch ev.State {
		case cluster.Leaving:
			d.send(scheduler.ExecutorLeaving{ID: ev.Executor})
		case cluster.Exited:
			if ev.Fault {
				d.log.Error("an executor ended", "executor", ev.Executor, "reason", ev.Reason)
			}
			d.lose(ev.Executor, ev.Reason, ev.Fault)
		case cluster.GaveUp:
			d.log.Error("no executor is started any more", "reason", ev.Reason)
			d.send(scheduler.NoMoreExecutors{Reason: ev.Reason})
		}
	}
}

// receive turns an executor's messages into events until its link ends.
func (d *Driver) receive(x *link, c *control.Conn) error {
	for {
		m, err := c.Recv()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case *control.Heartbeat:
			d.send(scheduler.Heartbeat{ID: x.id})
			for _, p := range m.Progress {
				if j := d.job(p.Attempt.Job); j != nil {
					j.progress(p)
				}
			}
		case *control.Report:
			d.report(x, m)
		case *control.Serving:
			d.serving(x, m)
		case *control.Login:
			go func() {
				x.logins <- struct{}{}
				defer func() { <-x.logins }()
				d.login(x, m)
			}()
		case *control.ResultRead:
			d.read(m)
		}
	}
}

func (d *Driver) report(x *link, m *control.Report) {
	a := scheduler.Attempt{
		TaskID:  scheduler.TaskID{Job: m.Attempt.Job, Stage: m.Attempt.Stage, Partition: m.Attempt.Partition},
		Attempt: m.Attempt.Attempt, Executor: x.id,
	}
	j := d.job(a.Job)
	if m.Failure == nil {
		if j != nil {
			j.reported(a, m)
		}
		d.send(scheduler.TaskFinished{Attempt: a, Digest: m.Digest})
		return
	}
	if j != nil {
		j.stopped(a)
	}
	d.log.Warn("task failed", "task", attemptName(a), "executor", x.id, "condition", m.Failure.Condition, "message", m.Failure.Message)
	ev := scheduler.TaskFailed{Attempt: a, Err: m.Failure.Err()}
	for _, l := range m.Failure.Lost {
		ev.Lost = append(ev.Lost, scheduler.Output{
			Stage: l.Attempt.Stage, Partition: l.Attempt.Partition, Attempt: l.Attempt.Attempt, Executor: l.Executor,
		})
	}
	d.send(ev)
}

// reads fills in where the inputs of a task are.
func (d *Driver) reads(j *job, s *stage.Stage, partition int32, inputs map[int32][]scheduler.Output) []stage.Read {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []stage.Read
	for _, in := range s.Inputs {
		r := stage.Read{Stage: in.Stage, Kind: in.Kind}
		r.Channel, r.Channels = j.job.Channels(in, partition)
		var slices []exchange.Slice
		if in.Kind == physical.Ranges {
			r.Low, r.High, slices = j.slices(in.Stage, partition, inputs[in.Stage])
		}
		for i, o := range inputs[in.Stage] {
			p := stage.Producer{Partition: o.Partition, Attempt: o.Attempt, Executor: o.Executor}
			if x := d.execs[o.Executor]; x != nil {
				p.Address = x.addr
			} else {
				p.Address = gone
			}
			if slices != nil {
				if slices[i].Count == 0 {
					continue // nothing of it is in the range
				}
				p.First, p.Frames = slices[i].First, slices[i].Count
			}
			r.From = append(r.From, p)
		}
		out = append(out, r)
	}
	return out
}

// gone stands for the address of an executor that is lost: nobody answers
// there, which is reported as the loss of the output.
const gone = "127.0.0.1:0"
