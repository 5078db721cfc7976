package cluster

import "testing"

func TestParseMaster(t *testing.T) {
	for in, want := range map[string]Master{
		"local": {Cores: 1}, "local[3]": {Cores: 3}, "local[4,2]": {Cores: 4},
		"local-cluster[2,1,2048]":    {Kind: LocalCluster, Executors: 2, Cores: 1, Memory: 2048},
		"local-cluster[ 2, 1, 512 ]": {Kind: LocalCluster, Executors: 2, Cores: 1, Memory: 512},
	} {
		if got, err := ParseMaster(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	if m, err := ParseMaster("local[*]"); err != nil || m.Cores < 1 {
		t.Errorf("local[*]: %+v, %v", m, err)
	}
	for _, in := range []string{"", "local[0]", "local[x]", "local-cluster[0,1,1]", "local-cluster[1,1]", "spark://x:1", "local[99999999999999999999]"} {
		if _, err := ParseMaster(in); err == nil {
			t.Errorf("%q must be refused", in)
		}
	}
}
