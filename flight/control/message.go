// Package control is the protocol between the driver and its executors. An
// executor opens one bidirectional Flight stream (DoExchange) to the driver,
// registers, and from then on both sides send messages over it: the executor
// heartbeats and reports, the driver launches and cancels. The stream's end is
// the connection's end: the driver counts the executor as lost, the executor
// stops its tasks and leaves.
//
// What a task is, and what is done with messages, is for cluster/driver and
// cluster/executor; shuffle data goes another way (flight/shuffle).
package control

import (
	"sync"

	"github.com/volley-sql/volley/internal/wire"
)

// Protocol is the version of the messages; a driver refuses another.
const Protocol = 2

// Message is one of the types below. It is sealed.
type Message interface{ message() }

// Attempt names one run of a task.
type Attempt struct {
	Job                       string
	Stage, Partition, Attempt int32
}

// Output says where the committed output of an attempt is.
type Output struct {
	Attempt  Attempt
	Executor string
}

// To the driver.
type (
	// Register is an executor's first message.
	Register struct {
		Protocol int32
		ID, Host string
		// Addr is where its shuffle server listens, host:port.
		Addr string
		// Slots is how many tasks it runs at a time, Threads how many threads each has.
		Slots, Threads int32
		PID            int64
	}
	// Heartbeat says that the executor is alive, and how far its tasks are.
	Heartbeat struct {
		Memory   int64 // bytes reserved
		Progress []Progress
	}
	// Report ends an attempt. Failure is nil if it committed its output.
	Report struct {
		Attempt Attempt
		Failure *Failure `wire:"optional"`
		// Rows and Bytes are of each channel of the output.
		Rows, Bytes []int64
		// Digest is equal for equal outputs.
		Digest uint64
		// Marks are of the frames of an output that is divided by ranges.
		Marks []Mark
		// Nodes holds figures by plan node, for EXPLAIN ANALYZE.
		Nodes []NodeStats
	}
)

// To an executor.
type (
	// Welcome answers Register; Refused, if not empty, says why the executor must leave.
	Welcome struct {
		Refused string
		// Heartbeat is how often to report, in nanoseconds; 0: every 2 seconds.
		Heartbeat int64
	}
	// Launch runs an attempt. Task is an encoded stage.Task.
	Launch struct {
		Attempt Attempt
		Task    []byte
	}
	// Cancel stops an attempt; no report of it is needed.
	Cancel struct{ Attempt Attempt }
	// DropJob removes what is kept for a job that is over.
	DropJob struct{ Job string }
	// Stop makes the executor leave.
	Stop struct{ Reason string }
)

// Mark is an exchange.Mark.
type Mark struct{ Low, High []byte }

// Messages about results that executors give to clients themselves; see flight/direct.
type (
	// ServeResults has an executor do so. Certificates and keys are files, as
	// those of the server are: read again when they change.
	ServeResults struct {
		// Listen is host:port, Insecure whether it may be in the clear beyond this machine.
		Listen                          string
		Insecure                        bool
		CertFile, KeyFile, ClientCAFile string
		// ClientCerts is a listen.ClientCerts.
		ClientCerts int32
		// TokenKey reads and signs session tokens that are valid for TokenTTL
		// nanoseconds, TicketKey opens tickets. Anonymous lets in calls without credentials.
		TokenKey, TicketKey []byte
		TokenTTL            int64
		Anonymous           bool
		// PingAfter and PingWait are those of listen.Options, in nanoseconds.
		PingAfter, PingWait int64
	}
	// Serving answers it: where the executor listens, or why it does not.
	Serving struct{ Addr, Failure string }
	// Login asks the driver to judge the credentials of a client of an
	// executor, by number. Kind says which fields count.
	Login struct {
		ID           int64
		Kind         int32
		User, Secret string
		Certificate  []byte
	}
	// LoginResult answers it.
	LoginResult struct {
		ID      int64
		Verdict int32
		Name    string
		Roles   []string
		// By is what lets them in again, Until in seconds since the epoch until when; 0: it does not say.
		By    string
		Until int64
	}
	// ResultRead says that a client has read the output of a task to its end.
	ResultRead struct {
		Job         string
		Stage, Task int32
		Rows, Bytes int64
	}
)

// The kinds of Login.
const (
	LoginPassword int32 = iota
	LoginToken
	LoginCertificate
	LoginAgain // of User, whom Secret lets in again
)

// The verdicts of LoginResult. One that says nothing refuses.
const (
	LoginRefused int32 = iota
	LoginGood
	LoginNotMine
)

// Progress is how far a running attempt is.
type Progress struct {
	Attempt     Attempt
	Rows, Bytes int64
}

// NodeStats are figures of one plan node in one attempt.
type NodeStats struct {
	Node        int32
	Rows, Bytes int64
	Batches     int64
	Nanos       int64
}

// Failure is an error on its way to the driver.
type Failure struct {
	Condition, Message, Hint string
	Pos                      int64
	Task                     string
	// Lost lists outputs that could not be read.
	Lost []Output
}

func (*Register) message()  {}
func (*Heartbeat) message() {}
func (*Report) message()    {}
func (*Welcome) message()   {}
func (*Launch) message()    {}
func (*Cancel) message()    {}
func (*DropJob) message()   {}
func (*Stop) message()      {}

func (*ServeResults) message() {}
func (*Serving) message()      {}
func (*Login) message()        {}
func (*LoginResult) message()  {}
func (*ResultRead) message()   {}

var codec = sync.OnceValues(func() (*wire.Codec[Message], error) {
	return wire.New[Message]([]wire.Family{wire.FamilyOf([]Message{
		&Register{}, &Heartbeat{}, &Report{}, &Welcome{}, &Launch{}, &Cancel{}, &DropJob{}, &Stop{},
		&ServeResults{}, &Serving{}, &Login{}, &LoginResult{}, &ResultRead{},
	})}, nil)
})
