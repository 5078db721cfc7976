// Package function is the registry of SQL functions. One literal, a Def, says
// everything about a function: names, signatures, documentation, examples,
// and how it runs. The binder resolves calls with it, executors get their
// kernels from it, the reference page, DESCRIBE FUNCTION and the tests derive
// from it. Families of functions live in packages below this one; package
// function/all puts them into one Registry.
package function

import (
	"context"
	"strings"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// Kind says where a function may stand.
type Kind uint8

// The kinds. A Window function may only stand before OVER; an Aggregate may
// too. A Generator makes rows (explode); it stands in SELECT, LATERAL VIEW or FROM.
const (
	Scalar Kind = iota
	Aggregate
	Window
	Generator
)

// Volatility says when two calls with equal arguments agree.
type Volatility uint8

// The volatilities: Immutable calls on constants are folded while planning;
// Stable ones (current_date) are constant within a query and folded at its
// start; Volatile ones (rand) are evaluated a row at a time and never moved or merged.
const (
	Immutable Volatility = iota
	Stable
	Volatile
)

// Def defines one SQL function.
type Def struct {
	Name    string // lower case; operators by their symbol ("+")
	Aliases []string
	Kind    Kind
	Family  string // "math", "string" … : a heading of the reference page
	// Args is how the documentation writes the arguments: "str, len[, pad]".
	Args string
	// Defaults are the values of optional parameters, by name, that a call by
	// names leaves out before others. Without one it is NULL.
	Defaults   map[string]string
	Doc        string // one paragraph
	Examples   []Example
	Since      string // release of Volley
	Volatility Volatility

	// Resolve chooses the overload for the argument types. Exactly one of the
	// fields below it is set, by Kind.
	Resolve func(c *Call) (*Overload, error)
}

// Example is a statement and its rows as text, one line a row, cells joined by a tab. All examples run as tests.
type Example struct{ SQL, Want string }

// Call is what a function is asked to resolve. Args carries literals, so that
// functions like extract or round may look at constant arguments.
type Call struct {
	Name     string
	Args     []expr.Expr
	ANSI     bool
	Distinct bool
	// TimeZone is the session's.
	TimeZone *time.Location
	// Case-insensitive lookup of other session settings.
	Setting func(key string) string
	// Fold evaluates an expression that is constant within the query, and
	// returns nil for others. Only the binder has it: executors meet calls whose
	// arguments were folded already.
	Fold func(e expr.Expr) (*expr.Literal, error)
}

// Constant is argument i as a literal, nil if it is none. An expression of
// constants is evaluated, and the literal put in its place.
func (c *Call) Constant(i int) (*expr.Literal, error) {
	if l, ok := c.Args[i].(*expr.Literal); ok {
		return l, nil
	}
	if c.Fold == nil {
		return nil, nil
	}
	l, err := c.Fold(c.Args[i])
	if l != nil && err == nil {
		c.Args[i] = l
	}
	return l, err
}

// Types returns the argument types.
func (c *Call) Types() []types.Type {
	ts := make([]types.Type, len(c.Args))
	for i, a := range c.Args {
		ts[i] = a.Type()
	}
	return ts
}

// Overload is a resolved call.
type Overload struct {
	// Params are the types the arguments must be cast to (len(Call.Args)).
	// Lambda arguments have the zero Type here.
	Params []types.Type
	Result types.Type
	// Nulls says when the result is NULL; see the constants.
	Nulls Nulls
	// NotNull overrides the nullability Nulls implies: the result is never NULL.
	NotNull bool
	// Rewrite, if set, replaces the call by another expression at bind time
	// (nvl becomes coalesce, a = b OR … and so on); nothing else is then looked at.
	Rewrite func(args []expr.Expr) (expr.Expr, error)

	// Kernel makes the loop of a Scalar (not nil unless Rewrite is).
	Kernel func(call *expr.Call) (Kernel, error)
	// Accumulator makes the states of an Aggregate.
	Accumulator func(call *expr.Agg) (Accumulator, error)
	// Higher makes the loop of a function that takes lambdas, instead of Kernel:
	// lambdas[i] runs argument i if that is a lambda and is nil else. In the
	// kernel's args the places of lambdas are nil.
	Higher func(call *expr.Call, lambdas []Lambda) (Kernel, error)
	// Lambda gives, for argument i that is a lambda, the types of its parameters.
	Lambda func(i int, args []types.Type) []types.Field
	// Columns are the outputs of a Generator, Generate its loop.
	Columns  []types.Field
	Generate func(call *expr.Call) (Generate, error)
}

// Nulls says how a function treats NULL arguments.
type Nulls uint8

// NullIn: any NULL argument makes the result NULL and the kernel never sees
// such a row. NullOut: as NullIn, and the kernel may add NULLs of its own.
// NullOwn: the kernel sees every row and decides.
const (
	NullIn Nulls = iota
	NullOut
	NullOwn
)

// Context is what kernels may know of the task they run in.
type Context struct {
	ANSI     bool
	TimeZone *time.Location
	// Now is the start of the query.
	Now time.Time
	// Partition and RowID serve spark_partition_id, monotonically_increasing_id and rand.
	Partition int32
	Setting   func(key string) string
	User      string
	Database  string
	Catalog   string

	// Stop is set when nobody waits for the result any more; nil: somebody does.
	Stop *atomic.Bool

	// Memory is what the task may take of it in bytes; 0: no limit is known.
	Memory int64

	made int64 // bytes of text that the running call said it makes
}

// maxText is the most bytes of text that one call makes for the rows of a
// batch: Arrow has no room for more in a column.
const maxText = 1<<31 - 16

// Begin tells that a call starts. A Context with running calls belongs to one thread.
func (c *Context) Begin() { c.made = 0 }

// Stopped is asked by functions that may take long for a row, as those on texts of megabytes do.
func (c *Context) Stopped() error {
	if c.Stop != nil && c.Stop.Load() {
		return context.Canceled
	}
	return nil
}

// Most is n bytes, or all the memory of the task if that is less.
func (c *Context) Most(n int64) int64 {
	if c.Memory > 0 {
		return min(n, c.Memory)
	}
	return n
}

// Make is asked before a function makes n bytes of text that its arguments do
// not have. It refuses what a row cannot hold, and what the batch or the task cannot.
func (c *Context) Make(name string, n int64) error {
	if n > maxText {
		return sqlerr.New(sqlerr.InvalidParameterValue, "The result of `%s` would take %d bytes; the most is %d.", name, n, maxText)
	}
	if c.made += n; c.made > c.Most(maxText) {
		return sqlerr.New(sqlerr.MemoryLimit, "The text made by the function `%s` would take %d bytes in one batch; the most is %d.", name, c.made, c.Most(maxText))
	}
	return nil
}

// Kernel computes a function for the rows in sel (never nil, ascending) of
// args, which may be flat, constant or dictionary encoded and all have n rows.
// It writes out, which is flat, of the result type, with n rows and no nulls
// (a kernel that makes nulls calls out.SetNull), at the places in sel, and
// touches no other place. Results that stay valid past the call must not
// borrow from args beyond the batch: out's strings may share bytes with args.
// Errors name a condition; the evaluator adds the position.
//
// A Kernel belongs to one thread and may keep scratch between calls.
type Kernel func(c *Context, args []*vec.Vec, sel []uint16, out *vec.Vec) error

// Lambda runs the body of a lambda argument of a Higher kernel. It belongs to
// that kernel's thread.
type Lambda interface {
	// Params is the number of parameters the lambda names.
	Params() int
	// Eval evaluates the body once for every element of rows, any number of
	// them: params (flat or constant, len(rows) rows each) are the values of the
	// parameters, and rows[i] is the row of the kernel's current batch whose
	// columns the body sees besides. The result has len(rows) rows, may have any
	// encoding, and is valid until the next Eval.
	Eval(params []*vec.Vec, rows []uint16) (*vec.Vec, error)
}

// Generate makes the rows of a generator for row i of args: it appends them
// to outs (one vector a column) and returns how many there are.
type Generate func(c *Context, args []*vec.Vec, row int, outs []*vec.Vec) (int, error)

// Accumulator computes one aggregate call. Its states are fixed-size slots in
// rows of a hash table, outside the collector's view: they must hold no Go
// pointers. A slot of zero bytes is the empty state. What does not fit (lists, sets,
// long strings) lives in memory of the Accumulator and is referred to by number.
// An Accumulator belongs to one thread; Merge may read another one that is at rest.
type Accumulator interface {
	// Size is the bytes of a slot, a multiple of 8 (0 is allowed).
	Size() int
	// Update adds row sel[i] of args to the state at slots[i]. Rows an
	// aggregate's FILTER excludes are not in sel. Arguments may be NULL.
	Update(c *Context, slots []unsafe.Pointer, args []*vec.Vec, sel []uint16) error
	// UpdateOne adds all rows of sel to one state.
	UpdateOne(c *Context, slot unsafe.Pointer, args []*vec.Vec, sel []uint16) error
	// Merge adds the states at src, made by the Accumulator from of the same call, to those at dst.
	Merge(c *Context, dst []unsafe.Pointer, from Accumulator, src []unsafe.Pointer) error
	// StateTypes are the columns that carry a state between tasks and to disk.
	StateTypes() []types.Type
	// Save writes the states at slots to rows 0… of flat outs of those types.
	Save(slots []unsafe.Pointer, outs []*vec.Vec) error
	// Load merges saved states, row sel[i] of ins, into slots[i].
	Load(c *Context, slots []unsafe.Pointer, ins []*vec.Vec, sel []uint16) error
	// Final writes the results for slots to rows 0… of the flat vector out.
	Final(c *Context, slots []unsafe.Pointer, out *vec.Vec) error
	// Extra is the memory in bytes held outside slots, for the account.
	Extra() int64
}

// Registry finds definitions by name. It is immutable.
type Registry struct {
	defs   []*Def
	byName map[string]*Def
}

// New builds a registry and reports duplicate names.
func New(families ...[]Def) (*Registry, error) {
	r := &Registry{byName: map[string]*Def{}}
	for _, f := range families {
		for i := range f {
			d := &f[i]
			r.defs = append(r.defs, d)
			for _, n := range append([]string{d.Name}, d.Aliases...) {
				if r.byName[n] != nil {
					return nil, sqlerr.New(sqlerr.InternalError, "function %s is defined twice", n)
				}
				r.byName[n] = d
			}
		}
	}
	return r, nil
}

// Lookup returns the definition called name (any case), or nil.
func (r *Registry) Lookup(name string) *Def {
	if d := r.byName[name]; d != nil {
		return d
	}
	return r.byName[strings.ToLower(name)]
}

// Defs lists all definitions in order of registration.
func (r *Registry) Defs() []*Def { return r.defs }
