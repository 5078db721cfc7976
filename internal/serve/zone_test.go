package serve_test

import (
	"path/filepath"
	"testing"

	"github.com/volley-sql/volley/internal/app"
)

// TestZoneOfFolders: the timestamps that folders have in their names are of the
// session's time zone for clients, too, who prepare what they run.
func TestZoneOfFolders(t *testing.T) {
	s := session(t, engine(t, app.Options{Threads: 2}))
	if err := s.SetOption("spark.sql.session.timeZone", "Asia/Tokyo"); err != nil {
		t.Fatal(err)
	}
	dir := filepath.ToSlash(t.TempDir())
	run(t, s, "CREATE TABLE z (a INT, p TIMESTAMP) USING parquet PARTITIONED BY (p) LOCATION '"+dir+"/z'")
	run(t, s, "INSERT INTO z VALUES (1, TIMESTAMP'2024-03-01 12:00:00 UTC')")
	if found, err := filepath.Glob(dir + "/z/p=2024-03-01 21*"); err != nil || len(found) != 1 {
		all, _ := filepath.Glob(dir + "/z/*")
		t.Fatalf("the folders are %v, %v", all, err)
	}
	for _, from := range []string{"z", "parquet.`" + dir + "/z`"} {
		for range 2 {
			if got, _ := run(t, s, "SELECT CAST(unix_seconds(p) AS STRING) FROM "+from+" WHERE p > TIMESTAMP'2024-03-01 11:59:00 UTC'"); got != "1709294400" {
				t.Errorf("from %s: %q", from, got)
			}
		}
	}
}
