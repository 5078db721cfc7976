package retail

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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
	id, customer      int64
	soldAt            int64 // seconds
	store, product    int32
	price             int32
	quantity          int32
	discount          int16
	version           int8
	currency, channel uint8 // in currencies and channels
}

var channels = []string{"store", "online"}

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

// partRows is about how many rows a file has at most.
const partRows = 1 << 18

// day makes the rows that arrive on one day and gives them to part, so many at
// a time, in order of sale within each part.
func (g *generator) day(day int, part func(rows []txn) error) error {
	r := g.c.random(3, day)
	date := g.c.date(day)
	rows := slices.Grow(g.late[day], min(partRows, g.c.Stores*g.c.PerStore))
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
			g.emit(r, day, &rows, g.sale(r, date.Unix(), s))
			if len(rows) >= partRows {
				if err := part(rows); err != nil {
					return err
				}
				rows = make([]txn, 0, partRows)
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return part(rows)
}

// ordered is the rows of a part, which come in order of id and version, in order of sale: a radix sort.
func ordered(rows []txn) []uint32 {
	const digit = 1 << 13
	least := rows[0].soldAt
	most := least
	for i := range rows {
		least, most = min(least, rows[i].soldAt), max(most, rows[i].soldAt)
	}
	from, to := make([]uint32, len(rows)), make([]uint32, len(rows))
	for i := range from {
		from[i] = uint32(i)
	}
	for shift := uint(0); (most-least)>>shift > 0; shift += 13 {
		var at [digit + 1]uint32
		for i := range rows {
			at[(rows[i].soldAt-least)>>shift&(digit-1)+1]++
		}
		for i := range digit {
			at[i+1] += at[i]
		}
		for _, x := range from {
			k := (rows[x].soldAt - least) >> shift & (digit - 1)
			to[at[k]] = x
			at[k]++
		}
		from, to = to, from
	}
	return from
}

func (g *generator) sale(r *rand.Rand, date int64, s *store) txn {
	g.nextID++
	p := g.d.product(r.Float64())
	t := txn{
		id: 1_000_000 + g.nextID, version: 1, store: int32(s.id), product: int32(p.id), quantity: 1 + int32(r.ExpFloat64()*1.3),
		soldAt: date + 7*60*60 + r.Int64N(int64(14*time.Hour))/int64(time.Second),
		price:  int32(float64(p.cents)/s.rate*(0.95+0.1*r.Float64()) + 0.5), discount: -1, currency: s.cur, customer: -1,
	}
	if r.IntN(5) == 0 {
		t.discount = int16(50 * (1 + r.IntN(8)))
	}
	if r.IntN(100) < 18 {
		t.channel = 1
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
		t.currency = noCurrency
	case 5:
		t.soldAt += 400 * 24 * 60 * 60
	case 6:
		t.discount = 1500
	}
}

// file is a part to be written.
type file struct {
	path string
	rows []txn
}

// write writes parts until there are no more.
func write(ctx context.Context, parts <-chan file) error {
	kinds := make([]types.Type, len(Schema))
	for i, c := range Schema {
		kinds[i] = c.Type
	}
	b := vec.NewBatch(kinds, vec.DefaultSize)
	for f := range parts {
		if err := f.write(ctx, b, kinds); err != nil {
			return err
		}
	}
	return nil
}

func (x file) write(ctx context.Context, b *vec.Batch, kinds []types.Type) error {
	if err := os.MkdirAll(filepath.Dir(x.path), 0o755); err != nil {
		return err
	}
	pq, err := all.Lookup("parquet")
	if err != nil {
		return err
	}
	f, err := os.Create(x.path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := pq.Create(ctx, f, Schema, format.Options{"compression": "zstd"})
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(ordered(x.rows), vec.DefaultSize) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.Write(fill(b, kinds, x.rows, chunk)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.Close()
}

func fill(b *vec.Batch, kinds []types.Type, rows []txn, order []uint32) *vec.Batch {
	c := b.Cols
	for i, v := range c {
		v.Reset(kinds[i])
		v.Resize(len(order))
	}
	b.N = len(order)
	id, customer, soldAt := vec.Data[int64](c[0]), vec.Data[int64](c[10]), vec.Data[int64](c[2])
	version, store, product, quantity := vec.Data[int32](c[1]), vec.Data[int32](c[3]), vec.Data[int32](c[4]), vec.Data[int32](c[5])
	price, discount := vec.Data[int64](c[6]), vec.Data[int64](c[7])
	currency, channel := vec.Data[string](c[8]), vec.Data[string](c[9])
	for i, x := range order {
		t := &rows[x]
		id[i], version[i], soldAt[i] = t.id, int32(t.version), t.soldAt*1e6
		store[i], product[i], quantity[i] = t.store, t.product, t.quantity
		price[i], discount[i], customer[i] = int64(t.price), int64(t.discount), t.customer
		currency[i], channel[i] = currencies[t.currency], channels[t.channel]
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
