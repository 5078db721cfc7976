package agg

import (
	"unsafe"

	"github.com/volley-sql/volley/exec/function"
	"github.com/volley-sql/volley/exec/function/build"
	"github.com/volley-sql/volley/exec/vec"
	"github.com/volley-sql/volley/internal/sqlerr"
	"github.com/volley-sql/volley/internal/types"
	"github.com/volley-sql/volley/planner/expr"
)

// bitmap is a state of 32768 bits. Of bitmap_and_agg it is the complement, so
// that the empty state is zero.
type bitmap [4096]byte

func bitmapDefs() []function.Def {
	return []function.Def{
		{
			Name: "bitmap_construct_agg", Args: "position", Doc: "Returns a bitmap of 4096 bytes with the bits set at all positions, which bitmap_bit_position gives.",
			Examples: ex("SELECT substring(hex(bitmap_construct_agg(bitmap_bit_position(a))), 0, 6) FROM VALUES (1), (2), (3) AS t(a)", "070000"),
			Resolve: bitmapOf(types.Int64Type, false, func(args []*vec.Vec) func(b *bitmap, row int) error {
				v := build.ViewOf[int64](args[0])
				return func(b *bitmap, row int) error {
					p := v.At(row)
					if p < 0 || p >= int64(8*len(b)) {
						return sqlerr.New(sqlerr.InvalidBitmapPosition, "The 0-indexed bitmap position %d is out of bounds. The bitmap has %d bits (%d bytes).", p, 8*len(b), len(b))
					}
					b[p/8] |= 1 << (p % 8)
					return nil
				}
			}),
		},
		{
			Name: "bitmap_or_agg", Args: "bitmap", Doc: "Returns the bits that are set in any of the bitmaps.",
			Examples: ex("SELECT substring(hex(bitmap_or_agg(a)), 0, 6) FROM VALUES (X'10'), (X'20'), (X'40') AS t(a)", "700000"),
			Resolve: bitmapOf(types.BinaryType, false, func(args []*vec.Vec) func(b *bitmap, row int) error {
				v := build.ViewOf[string](args[0])
				return func(b *bitmap, row int) error {
					s := v.At(row)
					for i := range min(len(s), len(b)) {
						b[i] |= s[i]
					}
					return nil
				}
			}),
		},
		{
			Name: "bitmap_and_agg", Args: "bitmap", Doc: "Returns the bits that are set in all of the bitmaps.",
			Examples: ex("SELECT substring(hex(bitmap_and_agg(a)), 0, 6) FROM VALUES (X'F0'), (X'70'), (X'30') AS t(a)", "300000"),
			Resolve: bitmapOf(types.BinaryType, true, func(args []*vec.Vec) func(b *bitmap, row int) error {
				v := build.ViewOf[string](args[0])
				return func(b *bitmap, row int) error {
					s := v.At(row)
					for i := range b {
						if i < len(s) {
							b[i] |= ^s[i]
						} else {
							b[i] = 0xFF
						}
					}
					return nil
				}
			}),
		},
	}
}

func bitmapOf(in types.Type, complement bool, bind func(args []*vec.Vec) func(b *bitmap, row int) error) build.Resolver {
	return of(build.Fixed(types.BinaryType, in), true, func([]types.Type, types.Type) maker {
		return func(*expr.Agg) (function.Accumulator, error) {
			return &bitmapAcc{slotAcc[bitmap]{
				merge: func(dst, src *bitmap) {
					for i, b := range src {
						dst[i] |= b
					}
				},
				final: func(_ *function.Context, b *bitmap, out *vec.Vec, i int) error {
					bytes := *b
					for k := range bytes {
						if complement {
							bytes[k] = ^bytes[k]
						}
					}
					vec.Data[string](out)[i] = string(bytes[:])
					return nil
				},
			}, bind}, nil
		}
	})
}

// bitmapAcc is slotAcc whose rows may be refused.
type bitmapAcc struct {
	slotAcc[bitmap]
	bind func(args []*vec.Vec) func(b *bitmap, row int) error
}

func (a *bitmapAcc) Update(_ *function.Context, slots []slot, args []*vec.Vec, sel []uint16) error {
	add := a.bind(args)
	for i, r := range sel {
		if !anyNull(args, int(r)) {
			if err := add((*bitmap)(unsafe.Pointer(slots[i])), int(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *bitmapAcc) UpdateOne(_ *function.Context, s slot, args []*vec.Vec, sel []uint16) error {
	add := a.bind(args)
	for _, r := range sel {
		if !anyNull(args, int(r)) {
			if err := add((*bitmap)(s), int(r)); err != nil {
				return err
			}
		}
	}
	return nil
}
