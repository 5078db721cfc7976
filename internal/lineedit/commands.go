package lineedit

import "strings"

// handle does what an event asks for.
func (e *Editor) handle(ev event) {
	key := ev.key
	if e.quote && ev.key != "" {
		e.quote = false
		if c := quoted(key); c != "" {
			e.save("")
			e.insert(c)
		}
		return
	}
	e.quote = false
	if e.search != nil && e.searchKey(ev) {
		return
	}
	if e.menu != nil && e.menuKey(ev) {
		return
	}
	e.menu = nil
	if key != "up" && key != "down" && key != "ctrl-p" && key != "ctrl-n" {
		e.goal = -1
	}
	switch {
	case key == "tab" && e.Complete != nil && len(e.pending) == 0:
		e.complete()
	case key == "tab": // one of many keys that came at once: pasted
		e.save("text")
		e.insert("\t")
	case key == "" && ev.text != "":
		kind, typed := "text", ev.text
		if ev.paste {
			kind = ""
			if e.cursor == len(e.s) { // the end of its last line would only open an empty one
				typed = strings.TrimRight(typed, "\n")
			}
		}
		e.save(kind)
		e.insert(typed)
		key = kind
	default:
		if f := commands[key]; f != nil {
			f(e)
		} else {
			key = e.last
		}
	}
	e.last = key
}

// quoted is the character of a key after Ctrl-V.
func quoted(key string) string {
	switch key {
	case "tab":
		return "\t"
	case "enter":
		return "\n"
	case "esc":
		return "\x1b"
	}
	if c, ok := strings.CutPrefix(key, "ctrl-"); ok && len(c) == 1 && c[0] >= 'a' && c[0] <= 'z' {
		return string(c[0] - 'a' + 1)
	}
	return ""
}

// commands are what keys do, by name; nil does nothing.
var commands map[string]func(*Editor)

func init() {
	commands = map[string]func(*Editor){
		"enter": (*Editor).enter, "alt-enter": edits(func(e *Editor) { e.insert("\n") }),
		"ctrl-c": func(e *Editor) { e.outcome = interrupted },
		"ctrl-d": (*Editor).deleteOrLeave, "delete": edits((*Editor).deleteAfter),
		"backspace": edits((*Editor).deleteBefore),
		"left":      func(e *Editor) { e.cursor = e.before(e.cursor) }, "right": func(e *Editor) { e.cursor = e.after(e.cursor) },
		"home": func(e *Editor) { e.cursor = e.lineStart(e.cursor) }, "end": func(e *Editor) { e.cursor = e.lineEnd(e.cursor) },
		"alt-b": func(e *Editor) { e.cursor = e.wordStart() }, "alt-f": func(e *Editor) { e.cursor = e.wordEnd() },
		"ctrl-home": func(e *Editor) { e.cursor = 0 }, "ctrl-end": func(e *Editor) { e.cursor = len(e.s) },
		"up": func(e *Editor) { e.rowOrEntry(-1) }, "down": func(e *Editor) { e.rowOrEntry(1) },
		"pgup": func(e *Editor) { e.show(e.entry - 1) }, "pgdn": func(e *Editor) { e.show(e.entry + 1) },
		"alt-<": func(e *Editor) { e.show(0) }, "alt->": func(e *Editor) { e.show(e.History.Len()) },
		"ctrl-k": edits((*Editor).killLineEnd), "ctrl-u": edits((*Editor).killLineStart),
		"ctrl-w": edits(func(e *Editor) { e.kill(e.back(e.back(e.cursor, isSpace), notSpace), e.cursor, true) }),
		"alt-d":  edits(func(e *Editor) { e.kill(e.cursor, e.wordEnd(), false) }), "alt-backspace": edits(func(e *Editor) { e.kill(e.wordStart(), e.cursor, true) }),
		"ctrl-y": edits(func(e *Editor) { e.insert(e.kills.top()) }), "alt-y": edits((*Editor).yankOther),
		"ctrl-t": edits(func(e *Editor) { e.transpose() }), "alt-u": edits(func(e *Editor) { e.change(strings.ToUpper) }),
		"alt-l": edits(func(e *Editor) { e.change(strings.ToLower) }), "alt-c": edits(func(e *Editor) { e.change(capital) }),
		"ctrl-_": (*Editor).undoLast, "ctrl-l": (*Editor).clear, "ctrl-v": func(e *Editor) { e.quote = true },
		"ctrl-r": (*Editor).beginSearch, "ctrl-s": (*Editor).beginSearch,
		"ctrl-z": func(e *Editor) {
			e.tty.write(e.painter.leave())
			e.tty.write(pasteOff)
			e.tty.stop()
			e.tty.write(pasteOn)
		},
		"ctrl-g": func(*Editor) {}, "esc": func(*Editor) {},
	}
	for name, same := range map[string]string{
		"ctrl-b": "left", "ctrl-f": "right", "ctrl-a": "home", "ctrl-e": "end", "ctrl-p": "up", "ctrl-n": "down", "ctrl-left": "alt-b", "ctrl-right": "alt-f",
		"alt-left": "alt-b", "alt-right": "alt-f", "ctrl-delete": "alt-d", "alt-delete": "alt-d", "ctrl-backspace": "alt-backspace",
		"ctrl-up": "pgup", "ctrl-down": "pgdn",
	} {
		commands[name] = commands[same]
	}
}

// edits are commands that undo takes back.
func edits(f func(*Editor)) func(*Editor) {
	return func(e *Editor) {
		e.save("")
		f(e)
	}
}

// undoDepth is the number of changes that can be taken back.
const undoDepth = 500

// save notes the text before a change. Changes of one kind in a row are one.
func (e *Editor) save(kind string) {
	if kind != "" && kind == e.last && len(e.undo) > 0 {
		return
	}
	if len(e.undo) == undoDepth {
		e.undo = append(e.undo[:0], e.undo[1:]...)
	}
	e.undo = append(e.undo, e.text)
}

func (e *Editor) undoLast() {
	for len(e.undo) > 0 {
		was := e.undo[len(e.undo)-1]
		e.undo = e.undo[:len(e.undo)-1]
		if was.s != e.s {
			e.text = was
			return
		}
	}
}

func (e *Editor) enter() {
	if e.Done(e.s) {
		e.outcome = entered
		return
	}
	e.save("")
	e.insert("\n")
}

func (e *Editor) deleteOrLeave() {
	if e.s == "" {
		e.outcome = left
		return
	}
	e.save("")
	e.deleteAfter()
}

func (e *Editor) deleteAfter() { e.cut(e.cursor, e.after(e.cursor)) }

func (e *Editor) deleteBefore() { e.cut(e.before(e.cursor), e.cursor) }

// clear wipes the screen and begins at its top.
func (e *Editor) clear() {
	e.painter.shown = frame{}
	e.tty.write("\x1b[H\x1b[2J")
}

// rowOrEntry moves within the text, and beyond its ends through the history.
func (e *Editor) rowOrEntry(n int) {
	if !e.moveRow(n) {
		e.show(e.entry + n)
	}
}

// show brings up an entry of the history, or the text that was begun at their
// end. What is changed in it stays until a text is entered.
func (e *Editor) show(i int) {
	if i < 0 || i > e.History.Len() {
		return
	}
	if e.edited == nil {
		e.edited = map[int]string{}
	}
	e.edited[e.entry] = e.s
	s, ok := e.edited[i]
	if !ok && i < e.History.Len() {
		s = e.History.At(i)
	}
	e.entry, e.undo, e.goal = i, nil, -1
	e.text = text{s: s, cursor: len(s)}
}

// killRing holds what was cut out, the latest last.
type killRing struct {
	list []string
	at   int
}

func (k *killRing) top() string {
	if len(k.list) == 0 {
		return ""
	}
	k.at = len(k.list) - 1
	return k.list[k.at]
}

// kill cuts text out for Ctrl-Y. What is cut out in a row comes back as one.
func (e *Editor) kill(from, to int, before bool) {
	s := e.cut(from, to)
	if s == "" {
		return
	}
	k := &e.kills
	switch n := len(k.list); {
	case !killing[e.last] || n == 0:
		k.list = append(k.list[max(0, n-59):], s)
	case before:
		k.list[n-1] = s + k.list[n-1]
	default:
		k.list[n-1] += s
	}
}

var killing = map[string]bool{"ctrl-k": true, "ctrl-u": true, "ctrl-w": true, "alt-d": true, "alt-backspace": true, "ctrl-delete": true, "ctrl-backspace": true}

func (e *Editor) killLineEnd() {
	end := e.lineEnd(e.cursor)
	if end == e.cursor { // at its end, the line's end itself
		end = e.after(end)
	}
	e.kill(e.cursor, end, false)
}

func (e *Editor) killLineStart() {
	from := e.lineStart(e.cursor)
	if from == e.cursor {
		from = e.before(from)
	}
	e.kill(from, e.cursor, true)
}

// yankOther puts what was cut out before in the place of what Ctrl-Y brought back.
func (e *Editor) yankOther() {
	k := &e.kills
	if e.last != "ctrl-y" && e.last != "alt-y" || len(k.list) == 0 {
		return
	}
	now := k.list[k.at]
	if !strings.HasSuffix(e.s[:e.cursor], now) {
		return
	}
	e.cut(e.cursor-len(now), e.cursor)
	k.at = (k.at + len(k.list) - 1) % len(k.list)
	e.insert(k.list[k.at])
}
