package xml

import (
	stdxml "encoding/xml"
	"errors"
	"io"
	"strings"
)

// element is an XML element. Its children are elements and texts; comments
// between texts keep these apart.
type element struct {
	name  string
	attrs []attribute
	kids  []node
}

type attribute struct{ name, value string }

// node is a child element, or a text if there is none.
type node struct {
	el   *element
	text string
}

func (n node) blank() bool { return n.el == nil && strings.TrimSpace(n.text) == "" }

// maxDepth bounds nesting, so that hostile texts cannot exhaust the stack.
const maxDepth = 1000

var (
	errSyntax = errors.New("the text is no well-formed XML")
	errDeep   = errors.New("XML nests too deep")
)

// parse reads the first element of a text; what follows it is not looked at.
func (o *options) parse(text string) (*element, error) {
	d := stdxml.NewDecoder(strings.NewReader(text))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	var open []*element
	fresh := true // the next text begins a new node
	for {
		tok, err := d.RawToken()
		if err != nil {
			return nil, errSyntax
		}
		switch t := tok.(type) {
		case stdxml.StartElement:
			if len(open) >= maxDepth {
				return nil, errDeep
			}
			e := &element{name: o.name(t.Name)}
			if !o.noAttributes {
				for _, a := range t.Attr {
					e.attrs = append(e.attrs, attribute{o.name(a.Name), a.Value})
				}
			}
			if len(open) > 0 {
				p := open[len(open)-1]
				p.kids = append(p.kids, node{el: e})
			}
			open, fresh = append(open, e), true
		case stdxml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != o.name(t.Name) {
				return nil, errSyntax
			}
			last := open[len(open)-1]
			if open = open[:len(open)-1]; len(open) == 0 {
				return last, nil
			}
			fresh = true
		case stdxml.CharData:
			switch {
			case len(open) > 0:
				p := open[len(open)-1]
				if n := len(p.kids); !fresh {
					p.kids[n-1].text += string(t)
				} else {
					p.kids = append(p.kids, node{text: string(t)})
				}
				fresh = false
			case strings.TrimSpace(string(t)) != "":
				return nil, errSyntax
			}
		case stdxml.Comment, stdxml.ProcInst:
			fresh = true
		}
	}
}

// name is a name as it is written, with its prefix unless namespaces are ignored.
func (o *options) name(n stdxml.Name) string {
	if n.Space == "" || o.noNamespace {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// inner is the content of an element as text: strings as they are, elements with their tags.
func (e *element) inner() string {
	if len(e.kids) == 1 && e.kids[0].el == nil {
		return e.kids[0].text
	}
	var b strings.Builder
	e.write(&b)
	return b.String()
}

func (e *element) write(b *strings.Builder) {
	for _, k := range e.kids {
		if k.el == nil {
			b.WriteString(k.text)
			continue
		}
		b.WriteString("<" + k.el.name)
		for _, a := range k.el.attrs {
			b.WriteString(" " + a.name + `="` + a.value + `"`)
		}
		b.WriteString(">")
		k.el.write(b)
		b.WriteString("</" + k.el.name + ">")
	}
}
