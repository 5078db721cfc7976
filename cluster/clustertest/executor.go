package clustertest

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/volley-sql/volley/cluster"
	"github.com/volley-sql/volley/cluster/local"
)

// refuse is what the suite puts in the environment of executors that are to end at once.
const refuse = "VOLLEY_CLUSTERTEST_REFUSE"

// Executor is the life of an executor that the suite drives: a manager under
// test starts it as it would the real one, with the flags after args[0] and the
// token on standard input. It calls the driver's address, says who it is and does
// what it is told, a line at a time. It returns the code to exit with.
func Executor(args []string) int {
	f := flag.NewFlagSet("executor", flag.ContinueOnError)
	id := f.String("id", "", "")
	driver := f.String("driver", "", "")
	cores := f.Int("cores", 0, "")
	memory := f.Int64("memory", 0, "")
	if err := f.Parse(args); err != nil {
		return 2
	}
	if os.Getenv(refuse) != "" {
		fmt.Fprintln(os.Stderr, "this executor does not want to work")
		return 7
	}
	token, err := local.ReadToken(os.Stdin)
	if err != nil {
		return 2
	}
	go func() { // as the real one: it leaves with its driver
		io.Copy(io.Discard, os.Stdin)
		os.Exit(3)
	}()
	c, err := net.Dial("tcp", *driver)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fmt.Fprintf(c, "%s %s %d %d %d\n", token, *id, os.Getpid(), *cores, *memory)
	in := bufio.NewScanner(c)
	for in.Scan() {
		word, rest, _ := strings.Cut(in.Text(), " ")
		switch word {
		case "log":
			fmt.Fprintln(os.Stderr, rest)
			fmt.Fprintln(c, "done")
		case "exit":
			n, _ := strconv.Atoi(rest)
			return n
		}
	}
	return 3
}

// worker is an executor that called.
type worker struct {
	id      string
	pid     int
	profile cluster.Profile
	conn    net.Conn
	in      *bufio.Scanner
}

// tell has the executor do something that it answers.
func (w *worker) tell(what string) error {
	if _, err := fmt.Fprintln(w.conn, what); err != nil {
		return err
	}
	if !w.in.Scan() {
		return io.ErrUnexpectedEOF
	}
	return nil
}
