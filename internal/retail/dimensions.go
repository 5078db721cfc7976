package retail

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
)

type store struct {
	id                           int
	name, city, region, currency string
	country, opened              string
	weight                       float64 // how busy it is
	cur                          uint8   // the currency, in currencies
	rate                         float64 // of it
}

type product struct {
	id             int
	sku, name, cat string
	cents          int64 // list price in euro cents
	brand          string
	grams          int
	tags           []string
	popularity     float64
	cumulative     float64
	launched       string
}

type dimensions struct {
	c        Config
	stores   []store
	products []product
	guide    [1 << 12]int32 // by share of all sales: the first product that may be it
}

var places = []struct{ city, region, country, currency string }{
	{"Berlin", "DACH", "DE", "EUR"},
	{"Hamburg", "DACH", "DE", "EUR"},
	{"München", "DACH", "DE", "EUR"},
	{"Wien", "DACH", "AT", "EUR"},
	{"Zürich", "DACH", "CH", "CHF"},
	{"Paris", "West", "FR", "EUR"},
	{"Lyon", "West", "FR", "EUR"},
	{"Amsterdam", "West", "NL", "EUR"},
	{"London", "UK", "GB", "GBP"},
	{"Leeds", "UK", "GB", "GBP"},
	{"Oslo", "Nordics", "NO", "NOK"},
	{"Stockholm", "Nordics", "SE", "SEK"},
	{"Malmö", "Nordics", "SE", "SEK"},
	{"København", "Nordics", "DK", "DKK"},
	{"Kraków", "East", "PL", "PLN"},
	{"Warszawa", "East", "PL", "PLN"},
}

// euros is what one unit of a currency is worth around, in euros.
var euros = map[string]float64{"EUR": 1, "CHF": 1.06, "GBP": 1.15, "NOK": 0.085, "SEK": 0.089, "DKK": 0.134, "PLN": 0.234}

// currencies are those of stores, and last the one of broken rows.
var currencies = []string{"CHF", "DKK", "EUR", "GBP", "NOK", "PLN", "SEK", "XXX"}

const noCurrency = 7

var categories = []struct {
	name  string
	nouns []string
	low   int64
	high  int64
}{
	{"Bakery", []string{"Rye Loaf", "Baguette", "Cinnamon Roll", "Pretzel", "Croissant"}, 90, 650},
	{"Beverages", []string{"Apple Juice", "Oat Drink", "Cold Brew", "Mineral Water", "Ginger Beer"}, 80, 1200},
	{"Dairy", []string{"Yoghurt", "Gouda", "Butter", "Kefir", "Cream Cheese"}, 70, 1800},
	{"Garden", []string{"Trowel", "Seed Mix", "Watering Can", "Gloves", "Planter"}, 250, 8900},
	{"Home", []string{"Candle", "Throw", "Mug", "Lamp", "Basket"}, 300, 19900},
	{"Produce", []string{"Apples", "Carrots", "Salad", "Tomatoes", "Leeks"}, 60, 900},
	{"Toys", []string{"Puzzle", "Kite", "Building Blocks", "Marbles", "Yo-Yo"}, 400, 12900},
}

var (
	brands     = []string{"Nordlys", "Albero", "Kite & Co", "Hofgut", "Maison Claire", "Plain", "Zwölf"}
	adjectives = []string{"Classic", "Organic", "Large", "Small", "Family", "Everyday", "Best"}
)

func newDimensions(c Config) *dimensions {
	d := &dimensions{c: c}
	r := c.random(1, 0)
	for i := range c.Stores {
		p := places[i%len(places)]
		s := store{
			id: 101 + i, city: p.city, region: p.region, country: p.country, currency: p.currency,
			opened: c.Last.AddDate(0, 0, -400-r.IntN(6000)).Format("2006-01-02"), weight: 0.4 + 1.2*r.Float64(),
		}
		s.name = p.city + " " + []string{"Centre", "Station", "\"Am Markt\"", "Harbour, East", "Outlet"}[i/len(places)%5]
		s.rate = euros[s.currency]
		s.cur = uint8(slices.Index(currencies, s.currency))
		d.stores = append(d.stores, s)
	}
	total := 0.0
	for i := range c.Products {
		cat := categories[i%len(categories)]
		p := product{
			id: 5001 + i, sku: "SKU-" + strings.ToUpper(cat.name[:3]) + "-" + pad(i+1, 5), cat: cat.name,
			brand: brands[r.IntN(len(brands))], grams: 20 + r.IntN(4000), launched: c.Last.AddDate(0, 0, -30-r.IntN(2500)).Format("2006-01-02"),
			cents: cat.low + r.Int64N(cat.high-cat.low), popularity: 1 / math.Pow(float64(1+r.IntN(c.Products)), 0.6),
		}
		p.name = adjectives[r.IntN(len(adjectives))] + " " + cat.nouns[r.IntN(len(cat.nouns))]
		for _, t := range []string{"seasonal", "vegan", "gift", "own-brand"} {
			if r.IntN(4) == 0 {
				p.tags = append(p.tags, t)
			}
		}
		total += p.popularity
		p.cumulative = total
		d.products = append(d.products, p)
	}
	for i := range d.products {
		d.products[i].cumulative /= total
	}
	at := int32(0)
	for i := range d.guide {
		for int(at) < len(d.products)-1 && d.products[at].cumulative < float64(i)/float64(len(d.guide)) {
			at++
		}
		d.guide[i] = at
	}
	return d
}

// product is the one that share u of all sales falls to.
func (d *dimensions) product(u float64) *product {
	at := int(d.guide[int(u*float64(len(d.guide)))])
	for at < len(d.products)-1 && d.products[at].cumulative < u {
		at++
	}
	return &d.products[at]
}

func pad(n, width int) string {
	s := ""
	for ; n > 0; n /= 10 {
		s = string(rune('0'+n%10)) + s
	}
	return strings.Repeat("0", max(0, width-len(s))) + s
}

func (d *dimensions) writeStores(path string) error {
	return writeLines(path, func(line func(string, ...any)) error {
		line("store_id,name,city,region,country,currency,opened_on")
		for _, s := range d.stores {
			line("%d,%s,%s,%s,%s,%s,%s", s.id, quote(s.name), s.city, s.region, s.country, s.currency, s.opened)
		}
		return nil
	})
}

func quote(s string) string {
	if strings.ContainsAny(s, ",\"") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func (d *dimensions) writeProducts(path string) error {
	type attributes struct {
		Brand   string `json:"brand"`
		WeightG int    `json:"weight_g"`
	}
	type row struct {
		ID         int        `json:"product_id"`
		SKU        string     `json:"sku"`
		Name       string     `json:"name"`
		Category   string     `json:"category"`
		Tags       []string   `json:"tags"`
		Attributes attributes `json:"attributes"`
		Launched   string     `json:"launched_on"`
	}
	return writeLines(path, func(line func(string, ...any)) error {
		for _, p := range d.products {
			tags := p.tags
			if tags == nil {
				tags = []string{}
			}
			b, err := json.Marshal(row{p.id, p.sku, p.name, p.cat, tags, attributes{p.brand, p.grams}, p.launched})
			if err != nil {
				return err
			}
			line("%s", b)
		}
		return nil
	})
}

// writeRates gives one rate a currency and day, also for the days before the
// first on which late rows were sold.
func (d *dimensions) writeRates(path string) error {
	return writeLines(path, func(line func(string, ...any)) error {
		line("day,currency,rate_to_eur")
		for day := -maxLate; day < d.c.Days; day++ {
			r := d.c.random(2, day+maxLate)
			for _, cur := range currencies[:noCurrency] {
				rate := euros[cur]
				if cur != "EUR" {
					rate *= 1 + 0.01*(r.Float64()-0.5)
				}
				line("%s,%s,%.6f", d.c.date(day).Format("2006-01-02"), cur, rate)
			}
		}
		return nil
	})
}
