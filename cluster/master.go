package cluster

import (
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// Master is a parsed --master.
type Master struct {
	Kind MasterKind
	// Executors, Cores and Memory (MiB) are those of local-cluster; Cores is also the N of local[N].
	Executors, Cores, Memory int
	// Failures is the F of local[N,F]: how often a task may fail before its job
	// does. 0: the setting says.
	Failures int
}

// MasterKind is a kind of cluster.
type MasterKind uint8

// The kinds: all in this process, or executors as processes of this machine.
const (
	Local MasterKind = iota
	LocalCluster
)

// Limits of the numbers in a master URL.
const (
	maxExecutors = 1024
	maxCores     = 4096
	maxMemory    = 1<<24 - 1 // MiB: 16 TiB
	maxFailures  = 1 << 20
)

var masterForm = regexp.MustCompile(`^([a-z-]+)(?:\[(.*)\])?$`)

// ParseMaster reads a master URL: local, local[N], local[N,F], where N may be
// *, or local-cluster[E,C,M]. What is wrong with one is said by number.
func ParseMaster(s string) (Master, error) {
	m := masterForm.FindStringSubmatch(s)
	if m == nil || m[1] != "local" && m[1] != "local-cluster" {
		return Master{}, sqlerr.New(sqlerr.InvalidParameterValue, "%q is not a master URL that is known here.", s).
			WithHint("Use local, local[N], local[N,F], local[*] or local-cluster[EXECUTORS,CORES,MIB].")
	}
	var args []string
	if strings.HasSuffix(s, "]") {
		args = strings.Split(m[2], ",")
	}
	p := &masterParser{url: s}
	if m[1] == "local" {
		return p.local(args)
	}
	if len(args) != 3 {
		return Master{}, p.fail("local-cluster needs three numbers: executors, cores of each, and MiB of each, as in local-cluster[2,1,1024]")
	}
	out := Master{Kind: LocalCluster}
	out.Executors = p.number("the number of executors", args[0], maxExecutors)
	out.Cores = p.number("the number of cores of an executor", args[1], maxCores)
	out.Memory = p.number("the memory of an executor, in MiB,", args[2], maxMemory)
	return out, p.err
}

type masterParser struct {
	url string
	err error
}

func (p *masterParser) fail(why string) error {
	return sqlerr.New(sqlerr.InvalidParameterValue, "The master URL %q is not right: %s.", p.url, why)
}

func (p *masterParser) number(what, text string, most int) int {
	text = strings.TrimSpace(text)
	n, err := strconv.Atoi(text)
	if p.err == nil && (err != nil || n < 1 || n > most) {
		p.err = p.fail(what + " must be a whole number from 1 to " + strconv.Itoa(most) + ", not " + strconv.Quote(text))
	}
	return n
}

func (p *masterParser) local(args []string) (Master, error) {
	out := Master{Cores: 1}
	switch {
	case len(args) > 2:
		return out, p.fail("local takes a number of threads and a number of task failures, as in local[2,4]")
	case len(args) == 0:
		return out, nil
	case strings.TrimSpace(args[0]) == "*":
		out.Cores = runtime.GOMAXPROCS(0)
	default:
		out.Cores = p.number("the number of threads", args[0], maxCores)
	}
	if len(args) == 2 {
		out.Failures = p.number("the number of task failures", args[1], maxFailures)
	}
	return out, p.err
}
