package cluster

import (
	"strings"
	"testing"

	"github.com/volley-sql/volley/internal/sqlerr"
)

func TestParseMaster(t *testing.T) {
	for in, want := range map[string]Master{
		"local": {Cores: 1}, "local[3]": {Cores: 3}, "local[4,2]": {Cores: 4, Failures: 2}, "local[ 4 , 2 ]": {Cores: 4, Failures: 2},
		"local-cluster[2,1,2048]":    {Kind: LocalCluster, Executors: 2, Cores: 1, Memory: 2048},
		"local-cluster[ 2, 1, 512 ]": {Kind: LocalCluster, Executors: 2, Cores: 1, Memory: 512},
	} {
		if got, err := ParseMaster(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, in := range []string{"local[*]", "local[*,3]"} {
		if m, err := ParseMaster(in); err != nil || m.Cores < 1 || m.Failures != map[string]int{"local[*,3]": 3}[in] {
			t.Errorf("%s: %+v, %v", in, m, err)
		}
	}
	for in, part := range map[string]string{
		"": "not a master URL", "spark://x:1": "not a master URL", "Local": "not a master URL", "local[2]x": "not a master URL",
		"local[0]": `the number of threads must be a whole number from 1 to 4096, not "0"`, "local[x]": "the number of threads",
		"local[]": "the number of threads", "local[1,]": "the number of task failures", "local[1,0]": "the number of task failures", "local[1,2,3]": "as in local[2,4]",
		"local[99999999999999999999]": "the number of threads", "local[-1]": "the number of threads",
		"local-cluster": "needs three numbers", "local-cluster[1,1]": "needs three numbers", "local-cluster[1,1,1,1]": "needs three numbers",
		"local-cluster[0,1,1]": "the number of executors", "local-cluster[1,0,1]": "the number of cores of an executor",
		"local-cluster[1,1,0]": "the memory of an executor, in MiB, must be", "local-cluster[1,*,1]": "cores of an executor",
		"local-cluster[1,1,99999999]": "the memory of an executor", "local-cluster[2,1,2g]": `not "2g"`,
	} {
		_, err := ParseMaster(in)
		if !sqlerr.Is(err, sqlerr.InvalidParameterValue) || !strings.Contains(err.Error(), part) {
			t.Errorf("%q: error %v", in, err)
		}
	}
}
