#include "textflag.h"

// func prefetchAt(base unsafe.Pointer, idx *uint32, n int)
TEXT ·prefetchAt(SB), NOSPLIT, $0-24
	MOVD base+0(FP), R0
	MOVD idx+8(FP), R1
	MOVD n+16(FP), R2
next:
	MOVWU.P 4(R1), R3
	ADD R3<<3, R0, R4
	PRFM (R4), PLDL1KEEP
	SUBS $1, R2, R2
	BNE next
	RET

// func prefetchRows(entries *uint64, n, off int)
TEXT ·prefetchRows(SB), NOSPLIT, $0-24
	MOVD entries+0(FP), R0
	MOVD n+8(FP), R2
	MOVD off+16(FP), R1
next:
	MOVD.P 8(R0), R3
	AND $0xffffffffffff, R3, R3
	ADD R1, R3, R4
	PRFM (R4), PLDL1KEEP
	SUBS $1, R2, R2
	BNE next
	RET
