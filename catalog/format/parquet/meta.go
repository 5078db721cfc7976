package parquet

// The parts of Parquet's metadata (parquet.thrift) that reading and writing
// need. Optional numbers whose absence matters are -1 when absent.

// Physical types.
const (
	physBool = iota
	physInt32
	physInt64
	physInt96
	physFloat
	physDouble
	physBytes
	physFixed
)

// Repetitions.
const (
	repRequired = iota
	repOptional
	repRepeated
)

// Encodings.
const (
	encPlain           = 0
	encPlainDict       = 2
	encRLE             = 3
	encBitPacked       = 4
	encDelta           = 5
	encDeltaLength     = 6
	encDeltaBytes      = 7
	encRLEDict         = 8
	encByteStreamSplit = 9
)

// Page types.
const (
	pageData   = 0
	pageIndex  = 1
	pageDict   = 2
	pageDataV2 = 3
)

// Converted types (the older annotations).
const (
	convNone = iota - 1
	convUTF8
	convMap
	convMapKeyValue
	convList
	convEnum
	convDecimal
	convDate
	convTimeMillis
	convTimeMicros
	convTimestampMillis
	convTimestampMicros
	convUint8
	convUint16
	convUint32
	convUint64
	convInt8
	convInt16
	convInt32
	convInt64
	convJSON
	convBSON
	convInterval
)

// logical is the field id of a LogicalType's member, 0 for none.
type logical int16

const (
	logString    logical = 1
	logMap       logical = 2
	logList      logical = 3
	logEnum      logical = 4
	logDecimal   logical = 5
	logDate      logical = 6
	logTime      logical = 7
	logTimestamp logical = 8
	logInt       logical = 10
	logNull      logical = 11
	logJSON      logical = 12
	logBSON      logical = 13
	logUUID      logical = 14
	logFloat16   logical = 15
	logVariant   logical = 16
)

// Units of times and timestamps: the field ids of TimeUnit's members.
const (
	unitMillis = 1
	unitMicros = 2
	unitNanos  = 3
)

type schemaElement struct {
	phys        int // -1 for groups
	typeLen     int
	repetition  int
	name        string
	children    int // -1 for leaves
	converted   int
	scale, prec int // as given beside a converted type or in a logical one
	logical     logical
	unit        int
	utc         bool
	bits        int
	signed      bool
}

type statistics struct {
	// min, max are the values with an order defined by the type; oldMin, oldMax
	// the deprecated ones, compared as signed bytes. nil if absent.
	min, max, oldMin, oldMax []byte
	nulls, distinct          int64
}

type columnMeta struct {
	phys             int
	encodings        []int
	path             []string
	codec            int
	values           int64
	uncompressed     int64
	compressed       int64
	dataOff, dictOff int64 // dictOff is 0 if absent
	stats            statistics
	// dictPages and otherPages count data pages by encoding; -1 if unknown.
	dictPages, otherPages int64
	bloomOff              int64
	bloomLen              int32
	filePath              string
	encrypted             bool
	offIdxOff, colIdxOff  int64
	offIdxLen, colIdxLen  int32
}

type rowGroup struct {
	columns []columnMeta
	bytes   int64
	rows    int64
}

type keyValue struct{ key, value string }

type fileMeta struct {
	version   int32
	schema    []schemaElement
	rows      int64
	groups    []rowGroup
	keyValues []keyValue
	createdBy string
	// typeOrder says of each leaf that its statistics follow the order defined by its type.
	typeOrder []bool
	encrypted bool
}

func readFileMeta(b []byte) (*fileMeta, error) {
	t := &thriftReader{b: b}
	m := &fileMeta{}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			m.version = t.i32()
		case id == 2 && typ == tList:
			t.list(tStruct, func(n, _ int) { m.schema = append(m.schema, t.schemaElement()) })
		case id == 3 && typ == tI64:
			m.rows = t.i64()
		case id == 4 && typ == tList:
			t.list(tStruct, func(n, _ int) { m.groups = append(m.groups, t.rowGroup()) })
		case id == 5 && typ == tList:
			t.list(tStruct, func(n, _ int) {
				var kv keyValue
				t.structure(func(id int16, typ byte) bool {
					switch {
					case id == 1 && typ == tBinary:
						kv.key = t.string()
					case id == 2 && typ == tBinary:
						kv.value = t.string()
					default:
						return false
					}
					return true
				})
				m.keyValues = append(m.keyValues, kv)
			})
		case id == 6 && typ == tBinary:
			m.createdBy = t.string()
		case id == 7 && typ == tList:
			t.list(tStruct, func(n, _ int) {
				known := false
				t.structure(func(id int16, typ byte) bool {
					known = known || id == 1
					return false
				})
				m.typeOrder = append(m.typeOrder, known)
			})
		case id == 8 && typ == tStruct:
			m.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	return m, t.err
}

func (t *thriftReader) schemaElement() schemaElement {
	e := schemaElement{phys: -1, children: -1, converted: convNone, repetition: repRequired}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			e.phys = int(t.i32())
		case id == 2 && typ == tI32:
			e.typeLen = int(t.i32())
		case id == 3 && typ == tI32:
			e.repetition = int(t.i32())
		case id == 4 && typ == tBinary:
			e.name = t.string()
		case id == 5 && typ == tI32:
			e.children = int(t.i32())
		case id == 6 && typ == tI32:
			e.converted = int(t.i32())
		case id == 7 && typ == tI32:
			e.scale = int(t.i32())
		case id == 8 && typ == tI32:
			e.prec = int(t.i32())
		case id == 10 && typ == tStruct:
			t.structure(func(id int16, typ byte) bool {
				if typ != tStruct {
					return false
				}
				e.logical = logical(id)
				t.logicalType(&e)
				return true
			})
		default:
			return false
		}
		return true
	})
	return e
}

func (t *thriftReader) logicalType(e *schemaElement) {
	t.structure(func(id int16, typ byte) bool {
		switch e.logical {
		case logDecimal:
			switch {
			case id == 1 && typ == tI32:
				e.scale = int(t.i32())
			case id == 2 && typ == tI32:
				e.prec = int(t.i32())
			default:
				return false
			}
		case logTime, logTimestamp:
			switch {
			case id == 1 && (typ == tTrue || typ == tFalse):
				e.utc = typ == tTrue
			case id == 2 && typ == tStruct:
				t.structure(func(id int16, typ byte) bool {
					e.unit = int(id)
					return false
				})
			default:
				return false
			}
		case logInt:
			switch {
			case id == 1 && typ == tByte:
				e.bits = int(t.byte())
			case id == 2 && (typ == tTrue || typ == tFalse):
				e.signed = typ == tTrue
			default:
				return false
			}
		default:
			return false
		}
		return true
	})
}

func (t *thriftReader) rowGroup() rowGroup {
	var g rowGroup
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tList:
			t.list(tStruct, func(n, _ int) {
				if g.columns == nil {
					g.columns = make([]columnMeta, 0, min(n, 256))
				}
				g.columns = append(g.columns, t.columnChunk())
			})
		case id == 2 && typ == tI64:
			g.bytes = t.i64()
		case id == 3 && typ == tI64:
			g.rows = t.i64()
		default:
			return false
		}
		return true
	})
	return g
}

func (t *thriftReader) columnChunk() columnMeta {
	c := columnMeta{phys: -1, dictPages: -1, otherPages: -1, stats: statistics{nulls: -1, distinct: -1}}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tBinary:
			c.filePath = t.string()
		case id == 3 && typ == tStruct:
			t.columnMeta(&c)
		case id == 4 && typ == tI64:
			c.offIdxOff = t.i64()
		case id == 5 && typ == tI32:
			c.offIdxLen = t.i32()
		case id == 6 && typ == tI64:
			c.colIdxOff = t.i64()
		case id == 7 && typ == tI32:
			c.colIdxLen = t.i32()
		case id == 8 || id == 9:
			c.encrypted = true
			return false
		default:
			return false
		}
		return true
	})
	return c
}

func (t *thriftReader) columnMeta(c *columnMeta) {
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			c.phys = int(t.i32())
		case id == 2 && typ == tList:
			t.list(tI32, func(n, _ int) { c.encodings = append(c.encodings, int(t.i32())) })
		case id == 3 && typ == tList:
			t.list(tBinary, func(n, _ int) { c.path = append(c.path, t.string()) })
		case id == 4 && typ == tI32:
			c.codec = int(t.i32())
		case id == 5 && typ == tI64:
			c.values = t.i64()
		case id == 6 && typ == tI64:
			c.uncompressed = t.i64()
		case id == 7 && typ == tI64:
			c.compressed = t.i64()
		case id == 9 && typ == tI64:
			c.dataOff = t.i64()
		case id == 11 && typ == tI64:
			c.dictOff = t.i64()
		case id == 12 && typ == tStruct:
			c.stats = t.statistics()
		case id == 13 && typ == tList:
			c.dictPages, c.otherPages = 0, 0
			t.list(tStruct, func(n, _ int) { t.encodingStats(c) })
		case id == 14 && typ == tI64:
			c.bloomOff = t.i64()
		case id == 15 && typ == tI32:
			c.bloomLen = t.i32()
		default:
			return false
		}
		return true
	})
}

func (t *thriftReader) encodingStats(c *columnMeta) {
	var page, enc int
	var count int64
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			page = int(t.i32())
		case id == 2 && typ == tI32:
			enc = int(t.i32())
		case id == 3 && typ == tI32:
			count = int64(t.i32())
		default:
			return false
		}
		return true
	})
	switch {
	case page != pageData && page != pageDataV2:
	case enc == encPlainDict || enc == encRLEDict:
		c.dictPages += count
	default:
		c.otherPages += count
	}
}

func (t *thriftReader) statistics() statistics {
	s := statistics{nulls: -1, distinct: -1}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tBinary:
			s.oldMax = keep(t.bytes())
		case id == 2 && typ == tBinary:
			s.oldMin = keep(t.bytes())
		case id == 3 && typ == tI64:
			s.nulls = t.i64()
		case id == 4 && typ == tI64:
			s.distinct = t.i64()
		case id == 5 && typ == tBinary:
			s.max = keep(t.bytes())
		case id == 6 && typ == tBinary:
			s.min = keep(t.bytes())
		default:
			return false
		}
		return true
	})
	return s
}

// keep copies a view of the input; an empty value stays different from none.
func keep(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

// pageHeader is one page's header. Values counts rows of levels, nulls included.
type pageHeader struct {
	typ               int
	size, compressed  int // bytes of the body, before and after decompression; levels of v2 pages are in both
	crc               uint32
	hasCRC            bool
	values            int
	encoding          int
	defEnc, repEnc    int
	defBytes, repSize int // v2
	isCompressed      bool
}

// readPageHeader parses the header at the start of b and returns its length.
func readPageHeader(b []byte) (pageHeader, int, error) {
	t := &thriftReader{b: b}
	h := pageHeader{typ: -1, size: -1, compressed: -1, values: -1, encoding: -1, defEnc: encRLE, repEnc: encRLE, isCompressed: true}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tI32:
			h.typ = int(t.i32())
		case id == 2 && typ == tI32:
			h.size = int(t.i32())
		case id == 3 && typ == tI32:
			h.compressed = int(t.i32())
		case id == 4 && typ == tI32:
			h.crc, h.hasCRC = uint32(t.i32()), true
		case (id == 5 || id == 7) && typ == tStruct:
			t.structure(func(id int16, typ byte) bool {
				if typ != tI32 {
					return false
				}
				switch id {
				case 1:
					h.values = int(t.i32())
				case 2:
					h.encoding = int(t.i32())
				case 3:
					h.defEnc = int(t.i32())
				case 4:
					h.repEnc = int(t.i32())
				default:
					return false
				}
				return true
			})
		case id == 8 && typ == tStruct:
			t.structure(func(id int16, typ byte) bool {
				switch {
				case id == 1 && typ == tI32:
					h.values = int(t.i32())
				case id == 4 && typ == tI32:
					h.encoding = int(t.i32())
				case id == 5 && typ == tI32:
					h.defBytes = int(t.i32())
				case id == 6 && typ == tI32:
					h.repSize = int(t.i32())
				case id == 7 && (typ == tTrue || typ == tFalse):
					h.isCompressed = typ == tTrue
				default:
					return false
				}
				return true
			})
		default:
			return false
		}
		return true
	})
	if t.err == nil && (h.size < 0 || h.compressed < 0 || h.defBytes < 0 || h.repSize < 0) {
		t.err = errThriftForm
	}
	return h, t.p, t.err
}

type pageLocation struct {
	offset   int64
	size     int32
	firstRow int64
}

func readOffsetIndex(b []byte) ([]pageLocation, error) {
	t := &thriftReader{b: b}
	var out []pageLocation
	t.structure(func(id int16, typ byte) bool {
		if id != 1 || typ != tList {
			return false
		}
		t.list(tStruct, func(n, _ int) {
			var l pageLocation
			t.structure(func(id int16, typ byte) bool {
				switch {
				case id == 1 && typ == tI64:
					l.offset = t.i64()
				case id == 2 && typ == tI32:
					l.size = t.i32()
				case id == 3 && typ == tI64:
					l.firstRow = t.i64()
				default:
					return false
				}
				return true
			})
			out = append(out, l)
		})
		return true
	})
	return out, t.err
}

type columnIndex struct {
	nullPages  []bool
	mins, maxs [][]byte
	nullCounts []int64 // nil if absent
}

func readColumnIndex(b []byte) (*columnIndex, error) {
	t := &thriftReader{b: b}
	c := &columnIndex{}
	t.structure(func(id int16, typ byte) bool {
		switch {
		case id == 1 && typ == tList:
			t.list(tTrue, func(n, _ int) { c.nullPages = append(c.nullPages, t.byte() == tTrue) })
		case id == 2 && typ == tList:
			t.list(tBinary, func(n, _ int) { c.mins = append(c.mins, t.bytes()) })
		case id == 3 && typ == tList:
			t.list(tBinary, func(n, _ int) { c.maxs = append(c.maxs, t.bytes()) })
		case id == 5 && typ == tList:
			t.list(tI64, func(n, _ int) { c.nullCounts = append(c.nullCounts, t.i64()) })
		default:
			return false
		}
		return true
	})
	n := len(c.nullPages)
	if t.err == nil && (len(c.mins) != n || len(c.maxs) != n || c.nullCounts != nil && len(c.nullCounts) != n) {
		t.err = errThriftForm
	}
	return c, t.err
}
