package parquet

import (
	"hash/maphash"
	"math/bits"
)

// dictBuilder numbers distinct values in order of first appearance. It is an
// open-addressing table of codes over the values, which are either all words
// or all strings.
type dictBuilder struct {
	nums  []uint64
	strs  []string
	slots []int32 // code + 1, 0: free; a power of two
	tags  []uint32
	arena []byte
	bytes int // of PLAIN encoding
}

// seed does not show in files: order is that of appearance.
var seed = maphash.MakeSeed()

func (d *dictBuilder) reset() {
	clear(d.slots)
	clear(d.strs)
	*d = dictBuilder{nums: d.nums[:0], strs: d.strs[:0], slots: d.slots, tags: d.tags}
	if d.slots == nil {
		d.slots, d.tags = make([]int32, 1024), make([]uint32, 1024)
	}
	if cap(d.strs) == 0 {
		d.strs = nil
	}
}

// held is the memory it takes, full blocks of strings included.
func (d *dictBuilder) held() int64 {
	return int64(8*cap(d.nums) + 16*cap(d.strs) + 4*cap(d.slots) + 4*cap(d.tags) + max(d.bytes, cap(d.arena)))
}

func (d *dictBuilder) len() int { return max(len(d.nums), len(d.strs)) }

// num returns the code of a word and whether it is new.
func (d *dictBuilder) num(x uint64) (uint32, bool) {
	h := x * 0x9E3779B97F4A7C15
	shift := 64 - uint(bits.Len(uint(len(d.slots)-1)))
	for i := h >> shift; ; i = (i + 1) & uint64(len(d.slots)-1) {
		c := d.slots[i]
		if c == 0 {
			d.nums = append(d.nums, x)
			d.slots[i] = int32(len(d.nums))
			d.bytes += 8
			if len(d.nums)*2 > len(d.slots) {
				d.grow(func(c int) uint64 { return d.nums[c] * 0x9E3779B97F4A7C15 })
			}
			return uint32(len(d.nums) - 1), true
		}
		if d.nums[c-1] == x {
			return uint32(c - 1), false
		}
	}
}

// str is num for strings; the bytes of new ones are copied.
func (d *dictBuilder) str(s string) (uint32, bool) {
	h := maphash.String(seed, s)
	shift := 64 - uint(bits.Len(uint(len(d.slots)-1)))
	for i := h >> shift; ; i = (i + 1) & uint64(len(d.slots)-1) {
		c := d.slots[i]
		if c == 0 {
			d.strs = append(d.strs, d.own(s))
			d.slots[i], d.tags[i] = int32(len(d.strs)), uint32(h)
			d.bytes += 4 + len(s)
			if len(d.strs)*2 > len(d.slots) {
				d.grow(func(c int) uint64 { return maphash.String(seed, d.strs[c]) })
			}
			return uint32(len(d.strs) - 1), true
		}
		if d.tags[i] == uint32(h) && d.strs[c-1] == s {
			return uint32(c - 1), false
		}
	}
}

func (d *dictBuilder) own(s string) string {
	if len(s) > cap(d.arena)-len(d.arena) {
		d.arena = make([]byte, 0, max(len(s), 64<<10))
	}
	at := len(d.arena)
	d.arena = append(d.arena, s...)
	return text(d.arena[at:])
}

func (d *dictBuilder) grow(hash func(code int) uint64) {
	n := 2 * len(d.slots)
	d.slots, d.tags = make([]int32, n), make([]uint32, n)
	shift := 64 - uint(bits.Len(uint(n-1)))
	for c := range d.len() {
		h := hash(c)
		i := h >> shift
		for d.slots[i] != 0 {
			i = (i + 1) & uint64(n-1)
		}
		d.slots[i], d.tags[i] = int32(c+1), uint32(h)
	}
}
