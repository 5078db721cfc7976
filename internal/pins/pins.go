// Package pins keeps direct requirements in go.mod until their users land.
package pins

import (
	_ "github.com/andybalholm/brotli"
	_ "github.com/apache/arrow-go/v18/arrow/flight"
	_ "github.com/axiomhq/hyperloglog"
	_ "github.com/cockroachdb/apd/v3"
	_ "github.com/dlclark/regexp2/v2"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/jedib0t/go-pretty/v6/table"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/parquet-go/parquet-go"
	_ "github.com/pierrec/lz4/v4"
	_ "github.com/reeflective/readline"
	_ "github.com/xwb1989/sqlparser"
	_ "github.com/zeebo/xxh3"
	_ "go.etcd.io/bbolt"
	_ "golang.org/x/sys/cpu"
	_ "golang.org/x/text/cases"
	_ "google.golang.org/grpc"
)
