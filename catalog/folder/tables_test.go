package folder

import "testing"

func TestTableNames(t *testing.T) {
	for file, want := range map[string]string{
		"a.parquet": "a", "a.b.csv": "a.b", "a.csv.gz": "a", "a.JSONL.ZST": "a", "a.gz": "", ".csv": "", "a.txt": "", "a": "", "a.parquet.crc": "",
	} {
		if got, ok := tableName(file, false); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", file, got, ok)
		}
	}
}
