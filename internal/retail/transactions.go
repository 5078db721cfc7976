package retail

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"github.com/volley-sql/volley/catalog/format"
	"github.com/volley-sql/volley/catalog/format/all"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/types"
)

// maxLate is how many days after its sale a row may arrive.
const maxLate = 3

// Schema is that of the transaction files. day, the day of arrival, is the folder's.
var Schema = types.Schema{
	{Name: "txn_id", Type: types.Int64Type, Nullable: true},
	{Name: "version", Type: types.Int32Type, Nullable: true},
	{Name: "sold_at", Type: types.TimestampType, Nullable: true},
	{Name: "store_id", Type: types.Int32Type, Nullable: true},
	{Name: "product_id", Type: types.Int32Type, Nullable: true},
	{Name: "quantity", Type: types.Int32Type, Nullable: true},
	{Name: "unit_price", Type: types.DecimalType(10, 2), Nullable: true},
	{Name: "discount", Type: types.DecimalType(4, 3), Nullable: true},
	{Name: "currency", Type: types.StringType, Nullable: true},
	{Name: "channel", Type: types.StringType, Nullable: true},
	{Name: "customer_id", Type: types.Int64Type, Nullable: true},
}

// txn is one row. Negative customer, discount, price and product mean NULL.
type txn struct {
	id                int64
	version           int32
	soldAt            int64 // microseconds
	store, product    int32
	quantity          int32
	price, discount   int64
	currency, channel string
	customer          int64
}

type generator struct {
	c      Config
	d      *dimensions
	nextID int64
	late   map[int][]txn // by day of arrival
}

// Shares of rows in a thousand.
const (
	lateShare      = 20
	duplicateShare = 6
	correctedShare = 8
	brokenShare    = 4
)

// day makes the rows that arrive on one day, in order of sale.
func (g *generator) day(day int) []txn {
	r := g.c.random(3, day)
	date := g.c.date(day)
	rows := g.late[day]
	delete(g.late, day)
	season := 1.0
	switch date.Weekday() {
	case time.Saturday:
		season = 1.6
	case time.Sunday:
		season = 0.5
	}
	for i := range g.d.stores {
		s := &g.d.stores[i]
		n := int(float64(g.c.PerStore)*s.weight*season*(0.85+0.3*r.Float64()) + 0.5)
		for range n {
			g.emit(r, day, &rows, g.sale(r, date, s))
		}
	}
	slices.SortFunc(rows, func(a, b txn) int {
		return cmp.Or(cmp.Compare(a.soldAt, b.soldAt), cmp.Compare(a.id, b.id), cmp.Compare(a.version, b.version))
	})
	return rows
}

func (g *generator) sale(r *rand.Rand, date time.Time, s *store) txn {
	g.nextID++
	u := r.Float64()
	p := &g.d.products[min(sort.Search(len(g.d.products), func(i int) bool { return g.d.products[i].cumulative >= u }), len(g.d.products)-1)]
	t := txn{
		id: 1_000_000 + g.nextID, version: 1, store: int32(s.id), product: int32(p.id), quantity: 1 + int32(r.ExpFloat64()*1.3),
		soldAt:   date.Add(7*time.Hour + time.Duration(r.Int64N(int64(14*time.Hour)))).Truncate(time.Second).UnixMicro(),
		price:    int64(float64(p.cents)/euros[s.currency]*(0.95+0.1*r.Float64()) + 0.5),
		discount: -1, currency: s.currency, channel: "store", customer: -1,
	}
	if r.IntN(5) == 0 {
		t.discount = int64(50 * (1 + r.IntN(8)))
	}
	if r.IntN(100) < 18 {
		t.channel = "online"
	}
	if r.IntN(100) < 55 {
		t.customer = 70_000 + r.Int64N(int64(g.c.Stores)*500)
	}
	return t
}

// emit puts a sale where it arrives, with the accidents that befall it.
func (g *generator) emit(r *rand.Rand, day int, rows *[]txn, t txn) {
	put := func(delay int, t txn) {
		if delay == 0 {
			*rows = append(*rows, t)
		} else if day+delay < g.c.Days {
			g.late[day+delay] = append(g.late[day+delay], t)
		}
	}
	delay := 0
	if r.IntN(1000) < lateShare {
		delay = 1 + r.IntN(maxLate)
	}
	if r.IntN(1000) < brokenShare {
		breakRow(r, &t)
	}
	put(delay, t)
	switch n := r.IntN(1000); {
	case n < duplicateShare:
		put(delay, t)
	case n < duplicateShare+correctedShare:
		t.version++
		t.quantity = max(1, t.quantity-1+int32(r.IntN(3)))
		t.discount = 100
		put(min(maxLate, delay+r.IntN(3)), t)
	}
}

func breakRow(r *rand.Rand, t *txn) {
	switch r.IntN(7) {
	case 0:
		t.quantity = -t.quantity
	case 1:
		t.store = 9999
	case 2:
		t.product = -1
	case 3:
		t.price = -1
	case 4:
		t.currency = "XXX"
	case 5:
		t.soldAt += (400 * 24 * time.Hour).Microseconds()
	case 6:
		t.discount = 1500
	}
}

func (g *generator) writeDay(ctx context.Context, dir string, day int) (n int64, err error) {
	folder := filepath.Join(dir, "transactions", "day="+g.c.date(day).Format("2006-01-02"))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return 0, err
	}
	pq, err := all.Lookup("parquet")
	if err != nil {
		return 0, err
	}
	rows := g.day(day)
	f, err := os.Create(filepath.Join(folder, fmt.Sprintf("part-%05d.parquet", 0)))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	w, err := pq.Create(ctx, f, Schema, format.Options{"compression": "zstd"})
	if err != nil {
		return 0, err
	}
	kinds := make([]types.Type, len(Schema))
	for i, c := range Schema {
		kinds[i] = c.Type
	}
	for chunk := range slices.Chunk(rows, vec.DefaultSize) {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if err := w.Write(fill(vec.NewBatch(kinds, len(chunk)), chunk)); err != nil {
			return n, err
		}
		n += int64(len(chunk))
	}
	if err := w.Close(); err != nil {
		return n, err
	}
	return n, f.Close()
}

func fill(b *vec.Batch, rows []txn) *vec.Batch {
	c := b.Cols
	for i, t := range rows {
		vec.Data[int64](c[0])[i] = t.id
		vec.Data[int32](c[1])[i] = t.version
		vec.Data[int64](c[2])[i] = t.soldAt
		vec.Data[int32](c[3])[i] = t.store
		vec.Data[int32](c[4])[i] = t.product
		vec.Data[int32](c[5])[i] = t.quantity
		vec.Data[int64](c[6])[i] = t.price
		vec.Data[int64](c[7])[i] = t.discount
		vec.Data[string](c[8])[i] = t.currency
		vec.Data[string](c[9])[i] = t.channel
		vec.Data[int64](c[10])[i] = t.customer
		setNull(c[4], i, t.product < 0)
		setNull(c[6], i, t.price < 0)
		setNull(c[7], i, t.discount < 0)
		setNull(c[10], i, t.customer < 0)
	}
	return b
}

func setNull(v *vec.Vec, i int, null bool) {
	if null {
		v.SetNull(i)
	}
}
