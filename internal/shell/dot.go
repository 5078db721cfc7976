package shell

import (
	"fmt"
	"strings"

	"github.com/volley-sql/volley/internal/sqlerr"
)

// takes says what the argument of a dot command is, for completion.
type takes uint8

const (
	takesNothing takes = iota
	takesTable
	takesFunction
	takesFormat
	takesSwitch
	takesFile
	takesText
)

// dot is a command of the shell itself.
type dot struct {
	name, args, help string
	takes            takes
	most             int // arguments it takes at most
	least            int
	run              func(sh *Shell, args []string) error
}

// isDot reports whether a line is a command of the shell and no statement.
// Statements never begin with a dot and a letter.
func isDot(line string) bool {
	line = strings.TrimLeft(line, " \t\r\n")
	return strings.HasPrefix(line, ".") && (len(line) == 1 || line[1] >= 'a' && line[1] <= 'z' || line[1] >= 'A' && line[1] <= 'Z')
}

// parseDot cuts a line into the command and its arguments: words, or texts in
// quotes (” and "" inside them stand for one). A semicolon at the end is left out.
func parseDot(line string) (name string, args []string, err error) {
	line = strings.TrimSpace(line)
	line = strings.TrimSpace(strings.TrimRight(line, ";"))
	for line != "" {
		var word string
		if q := line[0]; q == '\'' || q == '"' {
			rest := line[1:]
			closed := false
			for i := 0; i < len(rest); i++ {
				if rest[i] != q {
					continue
				}
				if i+1 < len(rest) && rest[i+1] == q {
					word += rest[:i+1]
					rest, i = rest[i+2:], -1
					continue
				}
				word, line, closed = word+rest[:i], rest[i+1:], true
				break
			}
			if !closed {
				return "", nil, sqlerr.New(sqlerr.ParseSyntaxError, "The quote %c is not closed.", q)
			}
		} else {
			i := strings.IndexAny(line, " \t\r\n")
			if i < 0 {
				i = len(line)
			}
			word, line = line[:i], line[i:]
		}
		if name == "" && args == nil {
			name, args = strings.ToLower(word), []string{}
		} else {
			args = append(args, word)
		}
		line = strings.TrimLeft(line, " \t\r\n")
	}
	return name, args, nil
}

// findDot finds the command that name is, or is the only beginning of.
func findDot(name string) (*dot, error) {
	var found []*dot
	all := dots()
	for i := range all {
		d := &all[i]
		if d.name == name {
			return d, nil
		}
		if strings.HasPrefix(d.name, name) && len(name) > 1 {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return nil, sqlerr.New(sqlerr.InvalidParameterValue, "There is no command %s.", name).WithHint(".help lists the commands.")
	case 1:
		return found[0], nil
	}
	var names []string
	for _, d := range found {
		names = append(names, d.name)
	}
	return nil, sqlerr.New(sqlerr.InvalidParameterValue, "%s may be %s.", name, strings.Join(names, " or "))
}

// checkArgs refuses a wrong number of arguments.
func (d *dot) checkArgs(args []string) error {
	if len(args) >= d.least && len(args) <= d.most {
		return nil
	}
	return sqlerr.New(sqlerr.InvalidParameterValue, "The command is used so: %s", strings.TrimSpace(d.name+" "+d.args))
}

// dotCommand runs a dot command.
func (sh *Shell) dotCommand(line string) error {
	name, args, err := parseDot(line)
	if err != nil {
		return err
	}
	d, err := findDot(name)
	if err != nil {
		return err
	}
	if err := d.checkArgs(args); err != nil {
		return err
	}
	return d.run(sh, args)
}

// onOff reads a switch.
func onOff(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "on", "true", "yes", "1":
		return true, nil
	case "off", "false", "no", "0":
		return false, nil
	}
	return false, sqlerr.New(sqlerr.InvalidParameterValue, "on or off is wanted, not %s.", s)
}

// helpText is what .help shows.
func helpText() string {
	var b strings.Builder
	for _, d := range dots() {
		fmt.Fprintf(&b, "  %-22s %s\n", strings.TrimSpace(d.name+" "+d.args), d.help)
	}
	b.WriteString("\nStatements end with a semicolon and may have many lines. Tab completes, Ctrl-R searches\n" +
		"what was entered before, Ctrl-C cancels a statement, Ctrl-D leaves.\n")
	return b.String()
}
