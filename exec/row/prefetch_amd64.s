#include "textflag.h"

// func prefetchAt(base unsafe.Pointer, idx *uint32, n int)
TEXT ·prefetchAt(SB), NOSPLIT, $0-24
	MOVQ base+0(FP), AX
	MOVQ idx+8(FP), BX
	MOVQ n+16(FP), CX
next:
	MOVL (BX), DX
	PREFETCHT0 (AX)(DX*8)
	ADDQ $4, BX
	DECQ CX
	JNZ next
	RET

// func prefetchRows(entries *uint64, n, off int)
TEXT ·prefetchRows(SB), NOSPLIT, $0-24
	MOVQ entries+0(FP), AX
	MOVQ n+8(FP), CX
	MOVQ off+16(FP), BX
next:
	MOVQ (AX), DX
	SHLQ $16, DX
	SHRQ $16, DX
	PREFETCHT0 (DX)(BX*1)
	ADDQ $8, AX
	DECQ CX
	JNZ next
	RET
