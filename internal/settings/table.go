package settings

import "runtime"

// The table. Each variable is one setting and its typed getter; Table lists
// them. Spark's names stand where Spark has the setting.
var (
	ANSI = newBool("spark.sql.ansi.enabled", "true", "0.1",
		"Raise an error on overflow, division by zero and casts that do not fit, where false gives NULL or wraps.")
	AutoBroadcastJoinThreshold = newBytes("spark.sql.autoBroadcastJoinThreshold", "10485760", -1, "0.1",
		"Largest estimated size in bytes of a join side that is sent whole to every task. -1 turns broadcasting off.")
	BinaryOutputStyle = newEnum("spark.sql.binaryOutputStyle", "", "0.1",
		"How text shows BINARY values: UTF-8, BASIC ([69, 97]), BASE64, HEX or HEX_DISCRETE ([45 61]). Empty: the output format's own way.",
		"", "UTF-8", "BASIC", "BASE64", "HEX", "HEX_DISCRETE")
	CaseSensitive = newBool("spark.sql.caseSensitive", "false", "0.1",
		"Compare names of columns with regard to case.")
	CTEPrecedence = newEnum("spark.sql.legacy.ctePrecedencePolicy", "CORRECTED", "0.1",
		"Which of two nested WITH definitions of one name is meant: the inner one (CORRECTED), the outer one (LEGACY), or an error (EXCEPTION).",
		"CORRECTED", "LEGACY", "EXCEPTION")
	DefaultFormat = newText("spark.sql.sources.default", "parquet", "0.1",
		"Format of tables created without USING.")
	AllowParameterlessCount = newBool("spark.sql.legacy.allowParameterlessCount", "false", "0.1",
		"Let count() be called without arguments; it is 0 then.")
	DoubleQuotedIdentifiers = newBool("spark.sql.ansi.doubleQuotedIdentifiers", "false", "0.1",
		"Read text in double quotes as a name instead of a string.")
	EnforceReservedKeywords = newBool("spark.sql.ansi.enforceReservedKeywords", "false", "0.1",
		"Refuse reserved words of the SQL standard as names.")
	GroupByAliases = newBool("spark.sql.groupByAliases", "true", "0.1",
		"Let GROUP BY refer to aliases of the select list.")
	GroupByOrdinal = newBool("spark.sql.groupByOrdinal", "true", "0.1",
		"Read integer literals in GROUP BY as places in the select list.")
	IntervalEnabled = newBool("spark.sql.legacy.interval.enabled", "false", "0.1",
		"Make INTERVAL literals of mixed units values of the legacy calendar interval type.")
	LateralColumnAlias = newBool("spark.sql.lateralColumnAlias.enableImplicitResolution", "true", "0.1",
		"Let items of a select list refer to aliases to their left.")
	MapKeyDedup = newEnum("spark.sql.mapKeyDedupPolicy", "EXCEPTION", "0.1",
		"What building a map does with a key that comes twice: raise DUPLICATED_MAP_KEY or keep the last value.",
		"EXCEPTION", "LAST_WIN")
	OrderByOrdinal = newBool("spark.sql.orderByOrdinal", "true", "0.1",
		"Read integer literals in ORDER BY as places in the select list.")
	ParquetCompression = newEnum("spark.sql.parquet.compression.codec", "snappy", "0.1",
		"Compression of Parquet files that are written, unless the option compression or parquet.compression of the table or statement says another.",
		"none", "uncompressed", "snappy", "gzip", "brotli", "lz4", "lz4_raw", "zstd")
	ParquetWriterVersion = newEnum("parquet.writer.version", "v2", "0.1",
		"Encodings of Parquet files that are written: v1 has PLAIN pages and dictionaries alone, for old readers, v2 the delta encodings too. An option of this name comes first.",
		"v1", "v2", "PARQUET_1_0", "PARQUET_2_0")
	PartitionOverwrite = newEnum("spark.sql.sources.partitionOverwriteMode", "STATIC", "0.1",
		"What INSERT OVERWRITE replaces in a partitioned table: all that the PARTITION clause names (STATIC), or the partitions that get new rows (DYNAMIC).",
		"STATIC", "DYNAMIC")
	RecursionLevels = newInt("spark.sql.cteRecursionLevelLimit", "100", -1, 1<<31-1, "0.1",
		"How often the step of a recursive CTE may run before the query fails with RECURSION_LEVEL_LIMIT_EXCEEDED. -1: without limit.")
	RecursionRows = newInt("spark.sql.cteRecursionRowLimit", "1000000", -1, 1<<31-1, "0.1",
		"Rows that a recursive CTE may have made before the query fails with RECURSION_ROW_LIMIT_EXCEEDED. -1: without limit.")
	SessionTimeZone = newZone("spark.sql.session.timeZone", "", "0.1",
		"Time zone in which TIMESTAMP values are read and shown, e.g. Europe/Berlin or +02:00. Empty: that of the system.")
	ShufflePartitions = newInt("spark.sql.shuffle.partitions", "0", 0, 1<<20, "0.1",
		"Number of tasks after an exchange. 0: chosen from the cores there are.")
	StoreAssignment = newEnum("spark.sql.storeAssignmentPolicy", "ANSI", "0.1",
		"Which conversions INSERT makes on its own: those of the standard with checks (ANSI), only lossless ones (STRICT), or all that CAST makes (LEGACY).",
		"ANSI", "STRICT", "LEGACY")
	TimestampType = newEnum("spark.sql.timestampType", "TIMESTAMP_LTZ", "0.1",
		"What TIMESTAMP means in statements: with the session's time zone (TIMESTAMP_LTZ) or without one (TIMESTAMP_NTZ).",
		"TIMESTAMP_LTZ", "TIMESTAMP_NTZ")
	VariableSubstitution = newBool("spark.sql.variable.substitute", "true", "0.1",
		"Replace ${key} in statements by the value of the setting.")
	WarehouseDir = newText("spark.sql.warehouse.dir", "", "0.1",
		"Folder of a catalog that persists, as --warehouse names it; read when a process starts. Empty: the catalog is in memory.")

	HeartbeatInterval = newTime("spark.executor.heartbeatInterval", "2s", "0.1",
		"How often executors tell the driver that they are alive. Read when an application starts.")
	NetworkTimeout = newTime("spark.network.timeout", "120s", "0.1",
		"How long an executor may be silent before its tasks run again elsewhere. Read when an application starts.")
	MaxStageAttempts = newInt("spark.stage.maxConsecutiveAttempts", "4", 1, 1<<20, "0.1",
		"How often outputs that cannot be read may send a stage back before its job fails. Read when an application starts.")
	MaxTaskFailures = newInt("spark.task.maxFailures", "4", 1, 1<<20, "0.1",
		"How often a task may fail for a passing reason before its job does. local[N,F] says it too. Read when an application starts.")

	Dialect = newEnum("sql.dialect", "spark", "0.1",
		"Language of the statements that follow.", "spark", "mysql")

	LogDir = newText("volley.cluster.logDir", "", "0.1",
		"Folder for the logs of executors, a file for each, which stay there. Empty: they go with the application. Read when an application starts.")
	BatchSize = newInt("volley.execution.batchSize", "2048", 1, 65535, "0.1",
		"Most rows of a batch that operators pass on.")
	ForceSpill = newBool("volley.execution.forceSpill", "false", "0.1",
		"Make operators that can spill write to disk early. For tests.")
	Memory = newBytes("volley.execution.memory", "0", 0, "0.1",
		"Memory in bytes that queries of a process may use. 0: three quarters of what the machine has.")
	RangeSort = newBytes("volley.execution.rangeSort", "67108864", -1, "0.1",
		"Estimated size in bytes from which on a result or a write with ORDER BY is sorted by all executors, each of which gets a range of the order. -1: one task merges what executors have sorted.")
	SpillDir = newText("volley.execution.spillDir", "", "0.1",
		"Folder for spill files. Empty: the system's folder for temporary files.")
	Threads = newInt("volley.execution.threads", "0", 0, 4096, "0.1",
		"Threads that run a task of this process. 0: one a core.")
	WireForm = newBool("volley.execution.wireForm", "false", "0.1",
		"Send every plan through its wire form, also within one process. For tests.")
	JoinReorder = newBool("volley.optimizer.joinReorder", "true", "0.1",
		"Choose the order of joins by statistics.")
	OptimizerEnabled = newBool("volley.optimizer.enabled", "true", "0.1",
		"Rewrite plans to be faster. Without it only what execution depends on is done. For tests.")
	OptimizerRules = newText("volley.optimizer.disabledRules", "", "0.1",
		"Names of optimizer rules, separated by commas, that are left out.")
	MaxExpressionDepth = newInt("volley.parser.maxDepth", "2000", 50, 20000, "0.1",
		"How deep expressions and subqueries may nest before a statement is refused.")
)

// ThreadCount is Threads with its default applied.
func ThreadCount(s *Snapshot) int {
	if n := Threads.Get(s); n > 0 {
		return int(n)
	}
	return runtime.GOMAXPROCS(0)
}
