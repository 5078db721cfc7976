package sql_test

import (
	"slices"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/flight"

	"github.com/volley-sql/volley/internal/serve"
)

// TestTypeInfo: GetXdbcTypeInfo lists every type by the name that columns have,
// in order, and one number has its own rows alone.
func TestTypeInfo(t *testing.T) {
	s := serving(t, nil, serve.ServerOptions{})
	c := s.client()
	list := func(only *int32) (names []string, numbers []int32) {
		i, err := c.GetXdbcTypeInfo(t.Context(), only)
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.DoGet(t.Context(), i.GetEndpoint()[0].GetTicket())
		if err != nil {
			t.Fatal(err)
		}
		defer r.Release()
		for r.Next() {
			rec := r.RecordBatch()
			for row := range int(rec.NumRows()) {
				names = append(names, rec.Column(0).(*array.String).Value(row))
				numbers = append(numbers, rec.Column(1).(*array.Int32).Value(row))
			}
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		return names, numbers
	}
	names, numbers := list(nil)
	if !slices.IsSorted(numbers) {
		t.Errorf("the numbers of %v are %v", names, numbers)
	}
	for _, ty := range []string{
		"BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL(9,2)", "STRING", "BINARY", "DATE", "TIME", "TIME(3)", "TIMESTAMP", "TIMESTAMP_NTZ",
		"INTERVAL YEAR TO MONTH", "INTERVAL DAY TO SECOND",
	} {
		i := planned(t.Context(), t, s.flight(), "SELECT CAST(NULL AS "+ty+") AS x")
		schema, err := flight.DeserializeSchema(i.GetSchema(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if name, _ := schema.Field(0).Metadata.GetValue("ARROW:FLIGHT:SQL:TYPE_NAME"); !slices.Contains(names, name) {
			t.Errorf("a column of %s has the type %q, which is not among %v", ty, name, names)
		}
	}
	only := int32(93)
	if names, _ := list(&only); !slices.Equal(names, []string{"TIMESTAMP", "TIMESTAMP_NTZ"}) {
		t.Errorf("number 93 is of %v", names)
	}
}
