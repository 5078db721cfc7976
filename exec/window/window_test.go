package window_test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/volley-sql/volley/exec/plantest"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
	"github.com/volley-sql/volley/planner/physical"
)

// The columns of the tests' tables.
const (
	colPart = iota // few values and NULL
	colKey         // ordering key, with ties and NULL
	colID          // unique
	colVal         // BIGINT with NULL
	colFlag        // BOOLEAN with NULL
)

type row = []types.Datum

func table(r *rand.Rand, n, parts int, key types.Type, makeKey func() types.Datum) (*physical.Values, []row) {
	var rows []row
	for i := range n {
		x := row{int64(r.IntN(parts)), makeKey(), int64(i), int64(r.IntN(200) - 100), r.IntN(2) == 0}
		for _, c := range []int{colPart, colKey, colVal, colFlag} {
			if r.IntN(8) == 0 {
				x[c] = nil
			}
		}
		rows = append(rows, x)
	}
	r.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return plantest.Table([]types.Type{types.Int32Type, key, types.Int64Type, types.Int64Type, types.BoolType}, rows...), rows
}

func compare(a, b types.Datum) int {
	switch x := a.(type) {
	case int64:
		return cmp.Compare(x, b.(int64))
	case types.Int128:
		return x.Cmp(b.(types.Int128))
	case float64:
		y := b.(float64)
		if x != x || y != y {
			return cmp.Compare(btoi(x != x), btoi(y != y))
		}
		return cmp.Compare(x, y)
	}
	panic(a)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compareKeys orders two rows by keys that are references.
func compareKeys(keys []expr.SortKey, a, b row) int {
	for _, k := range keys {
		x, y := a[k.Expr.(*expr.Ref).Index], b[k.Expr.(*expr.Ref).Index]
		c := 0
		switch {
		case x == nil && y == nil:
		case x == nil:
			c = 1 - 2*btoi(k.NullsFirst)
		case y == nil:
			c = 2*btoi(k.NullsFirst) - 1
		default:
			if c = compare(x, y); k.Desc {
				c = -c
			}
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// reference computes calls by definition: for every row it looks at all rows
// of the partition. within says whether row j is in the frame of row i by the
// value of a bound with an offset.
type reference struct {
	order  []expr.SortKey
	rows   []row // of one partition, in order
	within func(i, j int, b expr.Bound, end bool) bool
}

func (f *reference) in(c *expr.WindowCall, i, j int) bool {
	side := func(b expr.Bound, end bool) bool {
		sign := 1
		if end {
			sign = -1
		}
		switch b.Kind {
		case expr.UnboundedPreceding:
			return !end
		case expr.UnboundedFollowing:
			return end
		case expr.CurrentRow:
			if c.Frame.Unit == expr.Rows {
				return sign*j >= sign*i
			}
			return sign*compareKeys(f.order, f.rows[j], f.rows[i]) >= 0
		}
		if c.Frame.Unit == expr.Range {
			return f.within(i, j, b, end)
		}
		at := int(b.Offset.(*expr.Literal).Value.(int64))
		if b.Kind == expr.Preceding {
			at = -at
		}
		return sign*j >= sign*(i+at)
	}
	return side(c.Frame.Start, false) && side(c.Frame.End, true)
}

func (f *reference) value(c *expr.WindowCall, i int) types.Datum {
	a := c.Agg
	arg := func(j int) types.Datum { return f.rows[j][a.Args[0].(*expr.Ref).Index] }
	constant := func(n int, def int64) int {
		if len(a.Args) > n {
			def = a.Args[n].(*expr.Literal).Value.(int64)
		}
		return int(def)
	}
	before, peers, distinct := 0, 0, map[string]bool{}
	ranks := strings.Contains(a.Func, "rank") || a.Func == "cume_dist"
	for j := range f.rows {
		if !ranks {
			break
		}
		switch c := compareKeys(f.order, f.rows[j], f.rows[i]); {
		case c < 0:
			before++
			key := ""
			for _, k := range f.order {
				key += fmt.Sprint(f.rows[j][k.Expr.(*expr.Ref).Index], "|")
			}
			distinct[key] = true
		case c == 0:
			peers++
		}
	}
	n := len(f.rows)
	switch a.Func {
	case "row_number":
		return int64(i) + 1
	case "rank":
		return int64(before) + 1
	case "dense_rank":
		return int64(len(distinct)) + 1
	case "percent_rank":
		if n == 1 {
			return 0.0
		}
		return float64(before) / float64(n-1)
	case "cume_dist":
		return float64(before+peers) / float64(n)
	case "ntile":
		b, at := constant(0, 1), 0
		for k := range b {
			size := n / b
			if k < n%b {
				size++
			}
			if at += size; i < at {
				return int64(k) + 1
			}
		}
	case "lag", "lead":
		by := constant(1, 1)
		step := 1
		if a.Func == "lag" {
			by = -by
		}
		if by < 0 {
			step, by = -1, -by
		}
		j := i
		for by > 0 && j >= 0 && j < n {
			if j += step; j >= 0 && j < n && (!a.IgnoreNulls || arg(j) != nil) {
				by--
			}
		}
		if j >= 0 && j < n {
			return arg(j)
		}
		if len(a.Args) > 2 {
			if r, ok := a.Args[2].(*expr.Ref); ok {
				return f.rows[i][r.Index]
			}
			return a.Args[2].(*expr.Literal).Value
		}
		return nil
	}
	var frame []int
	for j := range f.rows {
		if f.in(c, i, j) && (a.Filter == nil || f.rows[j][colFlag] == true) && (!a.IgnoreNulls || arg(j) != nil) {
			frame = append(frame, j)
		}
	}
	at := 0
	switch a.Func {
	case "last":
		at = len(frame) - 1
		fallthrough
	case "first", "nth_value":
		if a.Func == "nth_value" {
			at = constant(1, 1) - 1
		}
		if at < 0 || at >= len(frame) {
			return nil
		}
		return arg(frame[at])
	}
	count, sum, text := int64(0), int64(0), ""
	for _, j := range frame {
		if len(a.Args) == 0 {
			count++
		} else if x := arg(j); x != nil {
			count++
			sum += x.(int64)
			text += strconv.FormatInt(x.(int64), 10) + ","
		}
	}
	switch {
	case a.Func == "t_count":
		return count
	case count == 0:
		return nil
	case a.Func == "t_sum":
		return types.Int128From(sum)
	case a.Func == "t_plain":
		return sum
	}
	return text
}

// check compares a window over the table with the reference in several worlds.
func check(t *testing.T, in *physical.Values, rows []row, n *physical.Window, within func(rows []row) func(i, j int, b expr.Bound, end bool) bool) {
	t.Helper()
	parts := map[types.Datum][]row{}
	for _, r := range rows {
		var key types.Datum = "all"
		if len(n.Partition) > 0 {
			key = r[colPart]
		}
		parts[key] = append(parts[key], r)
	}
	var want []string
	for _, p := range parts {
		slices.SortFunc(p, func(a, b row) int { return compareKeys(n.Order, a, b) })
		f := &reference{order: n.Order, rows: p}
		if within != nil {
			f.within = within(p)
		}
		for i, r := range p {
			var cells []string
			for _, d := range r {
				cells = append(cells, plantest.Cell(d))
			}
			for _, c := range n.Calls {
				cells = append(cells, plantest.Cell(f.value(c, i)))
			}
			want = append(want, strings.Join(cells, "|"))
		}
	}
	slices.Sort(want)
	for _, w := range []plantest.World{{BatchSize: 2048, Threads: 1}, {BatchSize: 3, Threads: 4}, {BatchSize: 100, Threads: 2, Spill: true}} {
		env := plantest.Env(t, w)
		env.Functions = registry(t)
		got, err := plantest.RowsIn(t, env, n)
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		for i := range want {
			if got[i] != want[i] {
				g, x := strings.Split(got[i], "|"), strings.Split(want[i], "|")
				for c := range x {
					if g[c] != x[c] && c >= 5 {
						t.Fatalf("%v: row %v: %s is %s, want %s", w, x[:5], describe(n.Calls[c-5]), g[c], x[c])
					}
				}
				t.Fatalf("%v: rows differ: %s, want %s", w, got[i], want[i])
			}
		}
	}
}

func describe(c *expr.WindowCall) string {
	return fmt.Sprintf("%s args %d ignore %v filter %v frame %d %d..%d", c.Agg.Func, len(c.Agg.Args), c.Agg.IgnoreNulls, c.Agg.Filter != nil, c.Frame.Unit, c.Frame.Start.Kind, c.Frame.End.Kind)
}

func lit(t types.Type, d types.Datum) expr.Expr { return &expr.Literal{Value: d, T: t} }
func num(n int64) expr.Expr                     { return lit(types.Int32Type, n) }

func windowOf(in physical.Node, order []expr.SortKey, parts bool) *physical.Window {
	n := &physical.Window{Info: plantest.Info(), Input: in, Order: order}
	if parts {
		n.Partition = []expr.Expr{plantest.Ref(in, colPart)}
	}
	return n
}

func add(n *physical.Window, f expr.Frame, t types.Type, name string, change func(a *expr.Agg), args ...expr.Expr) {
	a := &expr.Agg{Func: name, Args: args, T: t, Null: true}
	if change != nil {
		change(a)
	}
	n.Calls = append(n.Calls, &expr.WindowCall{Agg: a, Partition: n.Partition, Order: n.Order, Frame: f})
	n.Names = append(n.Names, fmt.Sprint("w", len(n.Names)))
}

func ignore(a *expr.Agg) { a.IgnoreNulls = true }

// aggregates adds a call of every way over the frame.
func aggregates(in physical.Node, n *physical.Window, f expr.Frame, ordered bool) {
	v := plantest.Ref(in, colVal)
	add(n, f, types.Int64Type, "t_count", nil)
	add(n, f, types.Int64Type, "t_count", nil, v)
	add(n, f, types.DecimalType(38, 0), "t_sum", nil, v)
	add(n, f, types.Int64Type, "t_plain", nil, v)
	add(n, f, types.Int64Type, "t_plain", func(a *expr.Agg) { a.Filter = plantest.Ref(in, colFlag) }, v)
	add(n, f, types.DecimalType(38, 0), "t_sum", func(a *expr.Agg) { a.Filter = plantest.Ref(in, colFlag) }, v)
	if ordered {
		add(n, f, types.StringType, "t_bag", nil, v)
		add(n, f, types.Int64Type, "first", nil, v)
		add(n, f, types.Int64Type, "last", nil, v)
		add(n, f, types.Int64Type, "first", ignore, v)
		add(n, f, types.Int64Type, "last", ignore, v)
		add(n, f, types.Int64Type, "nth_value", nil, v, num(3))
		add(n, f, types.Int64Type, "nth_value", ignore, v, num(2))
	}
}

func smallKey(r *rand.Rand) func() types.Datum {
	return func() types.Datum { return int64(r.IntN(12)) }
}

func TestRanking(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, 7, 400} {
		in, rows := table(r, size, 5, types.Int32Type, smallKey(r))
		for _, parts := range []bool{true, false} {
			for _, unique := range []bool{true, false} {
				order := []expr.SortKey{{Expr: plantest.Ref(in, colKey), Desc: parts, NullsFirst: unique}}
				if unique {
					order = append(order, expr.SortKey{Expr: plantest.Ref(in, colID)})
				}
				n := windowOf(in, order, parts)
				var f expr.Frame
				if unique { // else they depend on the order of equal rows
					add(n, f, types.Int32Type, "row_number", nil)
					for _, b := range []int64{1, 2, 3, 7, 1000} {
						add(n, f, types.Int32Type, "ntile", nil, num(b))
					}
				}
				add(n, f, types.Int32Type, "rank", nil)
				add(n, f, types.Int32Type, "dense_rank", nil)
				add(n, f, types.Float64Type, "percent_rank", nil)
				add(n, f, types.Float64Type, "cume_dist", nil)
				check(t, in, rows, n, nil)
			}
		}
	}
}

func TestOffsets(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	in, rows := table(r, 300, 6, types.Int32Type, smallKey(r))
	v := plantest.Ref(in, colVal)
	for _, parts := range []bool{true, false} {
		n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colKey)}, {Expr: plantest.Ref(in, colID)}}, parts)
		var f expr.Frame
		for _, name := range []string{"lag", "lead"} {
			for _, by := range []int64{0, 1, 2, 50, -1, -3} {
				for _, change := range []func(*expr.Agg){nil, ignore} {
					add(n, f, types.Int64Type, name, change, v, num(by))
					add(n, f, types.Int64Type, name, change, v, num(by), lit(types.Int64Type, int64(-777)))
					add(n, f, types.Int64Type, name, change, v, num(by), plantest.Ref(in, colID))
				}
			}
			add(n, f, types.Int64Type, name, nil, v)
		}
		check(t, in, rows, n, nil)
	}
}

func bound(kind expr.BoundKind, n int64) expr.Bound {
	b := expr.Bound{Kind: kind}
	if kind == expr.Preceding || kind == expr.Following {
		b.Offset = num(n)
	}
	return b
}

func TestRowsFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	in, rows := table(r, 300, 3, types.Int32Type, smallKey(r))
	bounds := []expr.Bound{
		bound(expr.UnboundedPreceding, 0), bound(expr.Preceding, 200), bound(expr.Preceding, 60), bound(expr.Preceding, 2), bound(expr.Preceding, 0),
		bound(expr.CurrentRow, 0), bound(expr.Following, 1), bound(expr.Following, 80), bound(expr.UnboundedFollowing, 0),
	}
	for _, parts := range []bool{true, false} {
		for i, lo := range bounds {
			n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colKey)}, {Expr: plantest.Ref(in, colID), Desc: true}}, parts)
			for j, hi := range bounds {
				if hi.Kind >= lo.Kind && lo.Kind != expr.UnboundedFollowing && hi.Kind != expr.UnboundedPreceding && (parts || (i+j)%3 == 0) {
					aggregates(in, n, expr.Frame{Unit: expr.Rows, Start: lo, End: hi}, true)
				}
			}
			if len(n.Calls) > 0 {
				check(t, in, rows, n, nil)
			}
		}
	}
}

func TestPeerFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	in, rows := table(r, 400, 3, types.Int32Type, smallKey(r))
	u, c, e := bound(expr.UnboundedPreceding, 0), bound(expr.CurrentRow, 0), bound(expr.UnboundedFollowing, 0)
	for _, order := range [][]expr.SortKey{nil, {{Expr: plantest.Ref(in, colKey), Desc: true}}} {
		n := windowOf(in, order, true)
		for _, f := range []expr.Frame{{Unit: expr.Range, Start: u, End: c}, {Unit: expr.Range, Start: c, End: c}, {Unit: expr.Range, Start: c, End: e}, {Unit: expr.Range, Start: u, End: e}} {
			aggregates(in, n, f, false)
		}
		check(t, in, rows, n, nil)
	}
}

// A partition of many batches and blocks of blocks.
func TestLongPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	in, rows := table(r, 6000, 1, types.Int32Type, smallKey(r))
	n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colID)}}, false)
	for _, f := range []expr.Frame{
		{Start: bound(expr.Preceding, 3000), End: bound(expr.Following, 100)},
		{Start: bound(expr.CurrentRow, 0), End: bound(expr.UnboundedFollowing, 0)},
		{Start: bound(expr.UnboundedPreceding, 0), End: bound(expr.Preceding, 5)},
	} {
		add(n, f, types.Int64Type, "t_plain", nil, plantest.Ref(in, colVal))
		add(n, f, types.DecimalType(38, 0), "t_sum", nil, plantest.Ref(in, colVal))
	}
	// The definition is too slow here: sum by running differences.
	sums, counts := []int64{0}, []int64{0}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a[colID].(int64), b[colID].(int64)) })
	for _, x := range rows {
		s, c := sums[len(sums)-1], counts[len(counts)-1]
		if v, ok := x[colVal].(int64); ok {
			s, c = s+v, c+1
		}
		sums, counts = append(sums, s), append(counts, c)
	}
	var want []string
	for i := range rows {
		line := fmt.Sprint(i)
		for _, f := range [][2]int{{i - 3000, i + 101}, {i, len(rows)}, {0, i - 4}} {
			lo, hi := max(f[0], 0), min(max(f[1], 0), len(rows))
			s := "NULL"
			if counts[hi] > counts[lo] {
				s = fmt.Sprint(sums[hi] - sums[lo])
			}
			line += "|" + s + "|" + s
		}
		want = append(want, line)
	}
	p := &physical.Project{Info: plantest.Info(), Input: n}
	for _, c := range []int{colID, 5, 6, 7, 8, 9, 10} {
		p.Exprs, p.Names = append(p.Exprs, plantest.Ref(n, c)), append(p.Names, "x")
	}
	env := plantest.Env(t, plantest.World{BatchSize: 2048, Threads: 2})
	env.Functions = registry(t)
	got, err := plantest.RowsIn(t, env, p)
	if err != nil {
		t.Fatal(err)
	}
	plantest.Diff(t, got, want)
}

func TestRangeOffsets(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	day := int64(24 * 60 * 60 * 1e6)
	ints := func(span int64) func() types.Datum { return func() types.Datum { return r.Int64N(span) - span/2 } }
	dates := func() types.Datum { return time.Date(2024, 1, 1+r.IntN(90), 0, 0, 0, 0, time.UTC).Unix() / 86400 }
	addMonths := func(x time.Time, n int) time.Time {
		first := time.Date(x.Year(), x.Month()+time.Month(n), 1, x.Hour(), x.Minute(), x.Second(), x.Nanosecond(), x.Location())
		return first.AddDate(0, 0, min(x.Day(), first.AddDate(0, 1, -1).Day())-1)
	}
	plus := func(d types.Datum, n int64) types.Datum { return d.(int64) + n }
	cases := []struct {
		name     string
		key      types.Type
		makeKey  func() types.Datum
		offset   types.Type
		small    types.Datum
		large    types.Datum
		shift    func(key, offset types.Datum, sign int64) types.Datum
		ordering func(types.Datum) types.Datum
	}{
		{"int", types.Int32Type, ints(60), types.Int32Type, int64(2), int64(20), func(k, o types.Datum, s int64) types.Datum { return plus(k, s*o.(int64)) }, nil},
		{"bigint at its ends", types.Int64Type, func() types.Datum {
			return []int64{math.MinInt64, math.MinInt64 + 3, -1, 0, 5, math.MaxInt64 - 1, math.MaxInt64}[r.IntN(7)]
		}, types.Int64Type, int64(3), int64(math.MaxInt64), func(k, o types.Datum, s int64) types.Datum {
			a, b := types.Int128From(k.(int64)), types.Int128From(s*o.(int64))
			c, _ := a.Add(b)
			return c
		}, func(d types.Datum) types.Datum { return types.Int128From(d.(int64)) }},
		{"decimal", types.DecimalType(10, 2), func() types.Datum { return types.Int128From(r.Int64N(900)) }, types.DecimalType(10, 2), types.Int128From(25), types.Int128From(200), func(k, o types.Datum, s int64) types.Datum {
			return types.Int128From(k.(types.Int128).Int64() + s*o.(types.Int128).Int64())
		}, nil},
		{"wide decimal", types.DecimalType(30, 2), func() types.Datum { return types.Int128{Hi: 7, Lo: r.Uint64N(900)} }, types.DecimalType(30, 2), types.Int128From(25), types.Int128From(200), func(k, o types.Datum, s int64) types.Datum {
			x := o.(types.Int128)
			if s < 0 {
				x = x.Neg()
			}
			c, _ := k.(types.Int128).Add(x)
			return c
		}, nil},
		{"double", types.Float64Type, func() types.Datum {
			return []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 10 * r.NormFloat64()}[min(5, r.IntN(20))]
		}, types.Float64Type, 0.5, 8.0, func(k, o types.Datum, s int64) types.Datum { return k.(float64) + float64(s)*o.(float64) }, nil},
		{"date by days", types.DateType, dates, types.Int32Type, int64(2), int64(10), func(k, o types.Datum, s int64) types.Datum { return plus(k, s*o.(int64)) }, nil},
		{"date by months", types.DateType, dates, types.YearMonthType, int64(1), int64(2), func(k, o types.Datum, s int64) types.Datum {
			return addMonths(time.Unix(k.(int64)*86400, 0).UTC(), int(s*o.(int64))).Unix() / 86400
		}, nil},
		{"date by hours", types.DateType, dates, types.DayTimeType, day / 2, 3*day + 1, func(k, o types.Datum, s int64) types.Datum { return k.(int64)*day + s*o.(int64) }, func(d types.Datum) types.Datum { return d.(int64) * day }},
		{"timestamp by time", types.TimestampType, func() types.Datum { return r.Int64N(30 * day) }, types.DayTimeType, day / 3, 4 * day, func(k, o types.Datum, s int64) types.Datum { return plus(k, s*o.(int64)) }, nil},
		{"timestamp by calendar", types.TimestampType, func() types.Datum { return r.Int64N(90 * day) }, types.IntervalType, types.CalendarInterval{Days: 3, Micros: 5}, types.CalendarInterval{Months: 1}, func(k, o types.Datum, s int64) types.Datum {
			c := o.(types.CalendarInterval)
			return addMonths(time.UnixMicro(k.(int64)).UTC(), int(s)*int(c.Months)).AddDate(0, 0, int(s)*int(c.Days)).UnixMicro() + s*c.Micros
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in, rows := table(r, 200, 3, c.key, c.makeKey)
			ordering := c.ordering
			if ordering == nil {
				ordering = func(d types.Datum) types.Datum { return d }
			}
			for _, desc := range []bool{false, true} {
				order := []expr.SortKey{{Expr: plantest.Ref(in, colKey), Desc: desc, NullsFirst: !desc}}
				small, large := lit(c.offset, c.small), lit(c.offset, c.large)
				// Those of the first window can go through a partition part by part.
				n, rest := windowOf(in, order, true), windowOf(in, order, true)
				for _, f := range []expr.Frame{
					{Start: expr.Bound{Kind: expr.Preceding, Offset: small}, End: expr.Bound{Kind: expr.Following, Offset: large}},
					{Start: expr.Bound{Kind: expr.Preceding, Offset: large}, End: expr.Bound{Kind: expr.Preceding, Offset: small}},
					{Start: expr.Bound{Kind: expr.Following, Offset: small}, End: expr.Bound{Kind: expr.Following, Offset: large}},
					{Start: expr.Bound{Kind: expr.UnboundedPreceding}, End: expr.Bound{Kind: expr.Preceding, Offset: small}},
					{Start: expr.Bound{Kind: expr.CurrentRow}, End: expr.Bound{Kind: expr.Following, Offset: small}},
				} {
					f.Unit = expr.Range
					aggregates(in, n, f, false)
				}
				f := expr.Frame{Unit: expr.Range, Start: expr.Bound{Kind: expr.Following, Offset: small}, End: expr.Bound{Kind: expr.UnboundedFollowing}}
				aggregates(in, rest, f, false)
				within := func(p []row) func(i, j int, b expr.Bound, end bool) bool {
					return func(i, j int, b expr.Bound, end bool) bool {
						x, y := p[i][colKey], p[j][colKey]
						if x == nil || y == nil {
							// NULLs are each other's peers; the bound keeps to the order.
							c := compareKeys(n.Order, p[j], p[i])
							if x == nil {
								return end && c <= 0 || !end && c >= 0
							}
							return end && c < 0 || !end && c > 0
						}
						sign := int64(1)
						if (b.Kind == expr.Preceding) != desc {
							sign = -1
						}
						d := compare(ordering(y), c.shift(x, b.Offset.(*expr.Literal).Value, sign))
						if desc {
							d = -d
						}
						return end && d <= 0 || !end && d >= 0
					}
				}
				check(t, in, rows, n, within)
				check(t, in, rows, rest, within)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	in, _ := table(rand.New(rand.NewPCG(1, 1)), 10, 2, types.Int32Type, func() types.Datum { return int64(1) })
	for _, c := range []struct {
		call *expr.Agg
		want *sqlerr.Condition
	}{
		{&expr.Agg{Func: "ntile", Args: []expr.Expr{num(0)}, T: types.Int32Type}, sqlerr.InvalidParameterValue},
		{&expr.Agg{Func: "nth_value", Args: []expr.Expr{num(1), num(0)}, T: types.Int32Type}, sqlerr.InvalidParameterValue},
		{&expr.Agg{Func: "nth_value", Args: []expr.Expr{num(1), lit(types.Int32Type, nil)}, T: types.Int32Type}, sqlerr.InvalidParameterValue},
		{&expr.Agg{Func: "no_such_function", T: types.Int32Type}, sqlerr.UnresolvedRoutine},
	} {
		n := windowOf(in, []expr.SortKey{{Expr: plantest.Ref(in, colID)}}, true)
		n.Calls, n.Names = []*expr.WindowCall{{Agg: c.call}}, []string{"w"}
		env := plantest.Env(t, plantest.Worlds[0])
		env.Functions = registry(t)
		if _, err := plantest.RowsIn(t, env, n); !sqlerr.Is(err, c.want) {
			t.Errorf("%s: %v", c.call.Func, err)
		}
	}
}
