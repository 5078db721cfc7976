// Package validation runs the suite that Apache Arrow has for drivers of ADBC, with the driver for Flight SQL written in Go, against a
// real server. It is a module of its own: Volley needs neither.
package validation

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow-adbc/go/adbc"
	"github.com/apache/arrow-adbc/go/adbc/driver/flightsql"
	"github.com/apache/arrow-adbc/go/adbc/validation"
	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/stretchr/testify/suite"
)

func TestDatabase(t *testing.T)   { suite.Run(t, &validation.DatabaseTests{Quirks: serve(t)}) }
func TestConnection(t *testing.T) { suite.Run(t, &validation.ConnectionTests{Quirks: serve(t)}) }
func TestStatement(t *testing.T) {
	suite.Run(t, &statements{validation.StatementTests{Quirks: serve(t)}})
}

// statements is the suite but for two tests: one wants answers that no server can give through this driver, the other that
// rows of two files come in one record.
type statements struct{ validation.StatementTests }

// TestSqlIngestErrors has the suite's three cases. The suite wants the SQLSTATE 42S02 for a table that is missing, and the driver gives
// errors none; it wants INTERNAL for a table that is there already, and Volley says ALREADY_EXISTS.
func (s *statements) TestSqlIngestErrors() {
	ctx := context.Background()
	s.Require().NoError(s.Quirks.DropTable(s.Cnxn, "bulk_ingest"))
	batch := func(columns ...string) arrow.RecordBatch {
		var fields []arrow.Field
		for _, c := range columns {
			fields = append(fields, arrow.Field{Name: c, Type: arrow.PrimitiveTypes.Int64, Nullable: true})
		}
		b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema(fields, nil))
		for _, f := range b.Fields() {
			f.(*array.Int64Builder).AppendValues([]int64{42, -42, 0}, []bool{true, true, false})
		}
		return b.NewRecordBatch()
	}
	for _, c := range []struct {
		mode  string
		batch arrow.RecordBatch
		want  adbc.Status
		says  string
	}{
		{adbc.OptionValueIngestModeCreate, nil, adbc.StatusInvalidState, "Bind"},
		{adbc.OptionValueIngestModeAppend, batch("int64s"), adbc.StatusNotFound, "42P01"},
		{adbc.OptionValueIngestModeCreate, batch("int64s"), adbc.StatusOK, ""},
		{adbc.OptionValueIngestModeCreate, batch("int64s"), adbc.StatusAlreadyExists, "42P07"},
		{adbc.OptionValueIngestModeAppend, batch("int64s", "coltwo"), adbc.StatusInvalidArgument, "SQLSTATE"},
	} {
		st, err := s.Cnxn.NewStatement()
		s.Require().NoError(err)
		s.Require().NoError(st.SetOption(adbc.OptionKeyIngestTargetTable, "bulk_ingest"))
		s.Require().NoError(st.SetOption(adbc.OptionKeyIngestMode, c.mode))
		if c.batch != nil {
			s.Require().NoError(st.Bind(ctx, c.batch))
		}
		_, err = st.ExecuteUpdate(ctx)
		var e adbc.Error
		if c.want == adbc.StatusOK {
			s.NoError(err)
		} else if s.ErrorAs(err, &e) {
			s.Equal(c.want, e.Code, e.Msg)
			s.Contains(e.Msg, c.says)
		}
		s.NoError(st.Close())
	}
}

// TestSqlIngestCreateAppend is the suite's test, with rows read to the end of the stream.
func (s *statements) TestSqlIngestCreateAppend() {
	ctx := context.Background()
	s.Require().NoError(s.Quirks.DropTable(s.Cnxn, "bulk_ingest"))
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "int64s", Type: arrow.PrimitiveTypes.Int64, Nullable: true}}, nil))
	b.Field(0).(*array.Int64Builder).Append(42)
	batch := b.NewRecordBatch()
	st, err := s.Cnxn.NewStatement()
	s.Require().NoError(err)
	for range 2 {
		s.Require().NoError(st.SetOption(adbc.OptionKeyIngestTargetTable, "bulk_ingest"))
		s.Require().NoError(st.SetOption(adbc.OptionKeyIngestMode, adbc.OptionValueIngestModeCreateAppend))
		s.Require().NoError(st.Bind(ctx, batch))
		n, err := st.ExecuteUpdate(ctx)
		s.Require().NoError(err)
		s.EqualValues(1, n)
	}
	s.Require().NoError(st.SetSqlQuery(`SELECT * FROM "bulk_ingest"`))
	rdr, _, err := st.ExecuteQuery(ctx)
	s.Require().NoError(err)
	var got []int64
	for rdr.Next() {
		got = append(got, rdr.RecordBatch().Column(0).(*array.Int64).Int64Values()...)
	}
	s.NoError(rdr.Err())
	s.Equal([]int64{42, 42}, got)
	rdr.Release()
	s.NoError(st.Close())
}

// volley says what the server and the driver can.
type volley struct{ uri string }

// serve starts a server that ends with the test. VOLLEY_BIN is the binary.
func serve(t *testing.T) *volley {
	t.Helper()
	dir := t.TempDir()
	ready := filepath.Join(dir, "ready")
	cmd := exec.Command(os.Getenv("VOLLEY_BIN"), "serve", "--listen", "127.0.0.1:0", "--ready-file", ready, "--state", filepath.Join(dir, "state"), "--drain", "2s",
		"--conf", "spark.sql.ansi.doubleQuotedIdentifiers=true") // the suite quotes names as standard SQL does
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("VOLLEY_BIN: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	for range 600 {
		if b, err := os.ReadFile(ready); err == nil && len(b) > 0 {
			return &volley{uri: "grpc://" + strings.Fields(string(b))[0]}
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server does not start")
	return nil
}

// The memory of the driver is not counted: it keeps what was bound to an ingest.
func (*volley) SetupDriver(*testing.T) adbc.Driver {
	return driver{flightsql.NewDriver(memory.DefaultAllocator)}
}
func (*volley) TearDownDriver(*testing.T, adbc.Driver) {}

func (v *volley) DatabaseOptions() map[string]string {
	return map[string]string{adbc.OptionKeyURI: v.uri, flightsql.OptionCookieMiddleware: adbc.OptionValueEnabled}
}

func (*volley) BindParameter(int) string                    { return "?" }
func (*volley) SupportsBulkIngest(string) bool              { return true }
func (*volley) SupportsConcurrentStatements() bool          { return true }
func (*volley) SupportsCurrentCatalogSchema() bool          { return true }
func (*volley) SupportsGetSetOptions() bool                 { return true }
func (*volley) SupportsExecuteSchema() bool                 { return true }
func (*volley) SupportsPartitionedData() bool               { return true }
func (*volley) SupportsTransactions() bool                  { return true }
func (*volley) SupportsGetParameterSchema() bool            { return true }
func (*volley) SupportsDynamicParameterBinding() bool       { return true }
func (*volley) SupportsErrorIngestIncompatibleSchema() bool { return true }
func (*volley) SupportsStatistics() bool                    { return false }
func (*volley) Catalog() string                             { return "spark_catalog" }
func (*volley) DBSchema() string                            { return "default" }
func (*volley) Alloc() memory.Allocator                     { return memory.DefaultAllocator }

func (*volley) GetMetadata(code adbc.InfoCode) any {
	switch code {
	case adbc.InfoDriverName:
		return "ADBC Flight SQL Driver - Go"
	case adbc.InfoDriverVersion, adbc.InfoDriverArrowVersion: // the driver finds its own where a program is built, not in a test
		return "(unknown or development build)"
	case adbc.InfoDriverADBCVersion:
		return adbc.AdbcVersion1_1_0
	case adbc.InfoVendorName:
		return "Volley"
	case adbc.InfoVendorVersion:
		out, _ := exec.Command(os.Getenv("VOLLEY_BIN"), "version").Output()
		return strings.TrimSpace(strings.TrimPrefix(string(out), "volley "))
	case adbc.InfoVendorArrowVersion:
		mod, _ := os.ReadFile("../../../go.mod")
		_, version, _ := strings.Cut(string(mod), "arrow-go/v18 v")
		version, _, _ = strings.Cut(version, "\n")
		return version
	}
	return nil
}

// SampleTableSchemaMetadata has the keys that Flight SQL defines for columns, as docs/flight-sql.md says that they come.
func (*volley) SampleTableSchemaMetadata(table string, t arrow.DataType) arrow.Metadata {
	keys := [][2]string{{"CATALOG_NAME", "spark_catalog"}, {"SCHEMA_NAME", "default"}, {"TABLE_NAME", table}}
	if t.ID() == arrow.INT64 {
		keys = append(keys, [][2]string{{"TYPE_NAME", "BIGINT"}, {"PRECISION", "19"}, {"SCALE", "0"}, {"IS_AUTO_INCREMENT", "0"}, {"IS_CASE_SENSITIVE", "0"}}...)
	} else {
		keys = append(keys, [][2]string{{"TYPE_NAME", "STRING"}, {"IS_AUTO_INCREMENT", "0"}, {"IS_CASE_SENSITIVE", "1"}}...)
	}
	keys = append(keys, [][2]string{{"IS_READ_ONLY", "0"}, {"IS_SEARCHABLE", "1"}}...)
	var k, v []string
	for _, kv := range keys {
		k, v = append(k, "ARROW:FLIGHT:SQL:"+kv[0]), append(v, kv[1])
	}
	return arrow.NewMetadata(k, v)
}

// run runs a statement on a connection of its own.
func (v *volley) run(do func(adbc.Connection, adbc.Statement) error) (err error) {
	ctx := context.Background()
	db, err := flightsql.NewDriver(memory.DefaultAllocator).NewDatabase(v.DatabaseOptions())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := db.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	st, err := c.NewStatement()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return do(c, st)
}

func (v *volley) CreateSampleTable(name string, r arrow.RecordBatch) error {
	return v.run(func(c adbc.Connection, st adbc.Statement) error {
		if err := v.DropTable(c, name); err != nil {
			return err
		}
		if err := st.SetOption(adbc.OptionKeyIngestTargetTable, name); err != nil {
			return err
		}
		if err := st.Bind(context.Background(), r); err != nil {
			return err
		}
		_, err := st.ExecuteUpdate(context.Background())
		return err
	})
}

func (v *volley) DropTable(c adbc.Connection, name string) (err error) {
	st, err := c.NewStatement()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if err := st.SetSqlQuery("DROP TABLE IF EXISTS " + name); err != nil {
		return err
	}
	_, err = st.ExecuteUpdate(context.Background())
	return err
}
