package volley;

import static org.junit.jupiter.api.Assertions.*;

import java.io.InputStream;
import java.io.Reader;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.math.BigDecimal;
import java.sql.*;
import java.sql.Date;
import java.time.Instant;
import java.util.*;
import org.junit.jupiter.api.*;

/** Every getter on every type, every setter, and what is said of columns and parameters. */
class ValuesTest {
  static Server server;
  static Connection con;

  @BeforeAll
  static void start() throws Exception {
    server = new Server();
    con = server.connect();
    run("SET spark.sql.session.timeZone = 'UTC'");
  }

  @AfterAll
  static void stop() throws Exception {
    try {
      con.close();
    } catch (SQLException e) { // the driver counts records of calls that failed as leaked
      assertTrue(e.toString().contains("Memory was leaked by query"), e.toString());
    }
    server.close();
  }

  static void run(String sql) throws SQLException {
    try (Statement st = con.createStatement()) {
      st.execute(sql);
    }
  }

  static final List<String> NUMBER = List.of("getBoolean", "getByte", "getShort", "getInt", "getLong", "getFloat", "getDouble", "getBigDecimal", "getString", "getObject");

  /** A column: its text in SQL, how it is described, and the getters that the driver has for its type. */
  record Column(String sql, int type, String name, int precision, int scale, String value, List<String> getters) {
    @Override
    public String toString() {
      return sql;
    }
  }

  static final List<Column> COLUMNS = List.of(
      new Column("true", Types.BOOLEAN, "BOOLEAN", 0, 0, "true", NUMBER),
      new Column("CAST(7 AS TINYINT)", Types.TINYINT, "TINYINT", 3, 0, "7", NUMBER),
      new Column("CAST(7 AS SMALLINT)", Types.SMALLINT, "SMALLINT", 5, 0, "7", NUMBER),
      new Column("7", Types.INTEGER, "INTEGER", 10, 0, "7", NUMBER),
      new Column("7L", Types.BIGINT, "BIGINT", 19, 0, "7", NUMBER),
      new Column("CAST(7.5 AS FLOAT)", Types.FLOAT, "FLOAT", 7, 0, "7.5", NUMBER),
      new Column("CAST(7.5 AS DOUBLE)", Types.DOUBLE, "DOUBLE", 15, 0, "7.5", NUMBER),
      new Column("CAST(7.25 AS DECIMAL(10,2))", Types.DECIMAL, "DECIMAL", 10, 2, "7.25", NUMBER),
      new Column("CAST(7 AS DECIMAL(38,0))", Types.DECIMAL, "DECIMAL", 38, 0, "7", NUMBER),
      new Column("'7'", Types.VARCHAR, "VARCHAR", 0, 0, "7", List.of("getByte", "getShort", "getInt", "getLong", "getFloat", "getDouble", "getBigDecimal", "getString", "getObject", "getBytes", "getAsciiStream", "getUnicodeStream", "getCharacterStream")),
      new Column("X'37'", Types.VARBINARY, "VARBINARY", 0, 0, "7", List.of("getBytes", "getString", "getObject", "getAsciiStream", "getUnicodeStream", "getBinaryStream", "getCharacterStream")),
      new Column("DATE'2026-11-21'", Types.DATE, "DATE", 10, 0, "2026-11-21", List.of("getDate", "getTimestamp", "getString", "getObject")),
      new Column("TIMESTAMP_NTZ'2026-11-21 01:02:03.5'", Types.TIMESTAMP, "TIMESTAMP", 26, 6, "2026-11-21 01:02:03.5", List.of("getDate", "getTime", "getTimestamp", "getString", "getObject")),
      // The driver has no getObject for this type: it throws what is no SQLException.
      new Column("TIMESTAMP'2026-11-21 01:02:03.5Z'", Types.TIMESTAMP_WITH_TIMEZONE, "TIMESTAMP_WITH_TIMEZONE", 26, 6, "2026-11-21 01:02:03.5", List.of("getDate", "getTime", "getTimestamp", "getString")),
      new Column("TIME'01:02:03'", Types.TIME, "TIME", 15, 6, "01:02:03", List.of("getTime", "getTimestamp", "getString", "getObject")),
      new Column("array(1, NULL)", Types.ARRAY, "ARRAY", 0, 0, "[1,null]", List.of("getArray", "getString", "getObject")),
      new Column("named_struct('p', 1)", Types.JAVA_OBJECT, "JAVA_OBJECT", 0, 0, "{\"p\":1}", List.of("getString", "getObject")), // getObject is a Map
      new Column("map('k', 1)", Types.JAVA_OBJECT, "JAVA_OBJECT", 0, 0, "{\"k\":1}", List.of("getArray", "getString", "getObject")));

  static List<Method> getters() {
    List<Method> out = new ArrayList<>();
    for (Method m : ResultSet.class.getMethods()) {
      if (m.getName().startsWith("get") && m.getParameterCount() == 1 && m.getParameterTypes()[0] == int.class) {
        out.add(m);
      }
    }
    assertTrue(out.size() >= 25, out.toString());
    return out;
  }

  static String text(Object v) throws Exception {
    if (v instanceof byte[] b) {
      return new String(b);
    }
    if (v instanceof InputStream in) {
      return new String(in.readAllBytes());
    }
    if (v instanceof Reader r) {
      return String.valueOf((char) r.read());
    }
    return String.valueOf(v);
  }

  /** Each getter gives the value in its own type, or, where the driver has none for the column's, says so by an SQLException. */
  @Test
  void everyGetter() throws Exception {
    for (Column c : COLUMNS) {
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT " + c.sql + " AS x")) {
        assertTrue(rs.next());
        for (Method m : getters()) {
          String what = c + " " + m.getName();
          try {
            Object got = m.invoke(rs, 1);
            assertTrue(c.getters.contains(m.getName()), what + " gave " + got);
            String want = switch (m.getName()) {
              case "getBoolean" -> "true";
              case "getByte", "getShort", "getInt", "getLong" -> c.value.equals("true") ? "1" : String.valueOf((int) Double.parseDouble(c.value));
              case "getFloat", "getDouble" -> c.value.equals("true") ? "1.0" : String.valueOf(Double.parseDouble(c.value));
              case "getBigDecimal" -> c.value.equals("true") ? "1" : c.value;
              case "getDate" -> c.value.substring(0, 10);
              case "getTime" -> c.type == Types.TIME ? c.value : c.value.substring(11, 19);
              case "getTimestamp" -> c.type == Types.DATE ? c.value + " 00:00:00.0" : c.type == Types.TIME ? "1970-01-01 " + c.value + ".0" : c.value;
              case "getArray" -> c.type == Types.ARRAY ? c.value : "[{\"key\":\"k\",\"value\":1}]";
              default -> c.value;
            };
            assertEquals(want, text(got), what);
            assertFalse(rs.wasNull(), what);
          } catch (InvocationTargetException e) {
            assertFalse(c.getters.contains(m.getName()), what + ": " + e.getCause());
            boolean known = c.type == Types.TIMESTAMP_WITH_TIMEZONE && m.getName().equals("getObject");
            assertTrue(e.getCause() instanceof SQLException || known, what + ": " + e.getCause());
          }
        }
      }
    }
  }

  /** NULL is null, zero or false, and wasNull says which. */
  @Test
  void everyGetterOfNull() throws Exception {
    for (Column c : COLUMNS) {
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT if(true, NULL, " + c.sql + ") AS x")) {
        assertTrue(rs.next());
        for (Method m : getters()) {
          boolean numberOfText = c.type == Types.VARCHAR && NUMBER.contains(m.getName()) && !List.of("getString", "getObject", "getBoolean").contains(m.getName());
          boolean characters = c.type == Types.VARCHAR && m.getName().equals("getCharacterStream");
          if (numberOfText || characters) { // the driver reads a number out of NULL, or its characters
            InvocationTargetException e = assertThrows(InvocationTargetException.class, () -> m.invoke(rs, 1), m.getName());
            assertTrue(characters || e.getCause() instanceof SQLException, e.getCause().toString());
          } else if (c.getters.contains(m.getName())) {
            Object got = m.invoke(rs, 1);
            assertTrue(got == null || got.equals(false) || (got instanceof Number n && n.doubleValue() == 0), c + " " + m.getName() + " gave " + got);
            assertTrue(rs.wasNull(), c + " " + m.getName());
          }
        }
      }
    }
  }

  @Test
  void namesAndTypesOfColumns() throws Exception {
    run("CREATE DATABASE IF NOT EXISTS described");
    run("CREATE OR REPLACE TABLE described.t (a DECIMAL(10,2) NOT NULL, b STRING COMMENT 'what it is')");
    run("INSERT INTO described.t VALUES (1, 'x')");
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT a AS amount, b FROM described.t")) {
      ResultSetMetaData md = rs.getMetaData();
      assertTrue(rs.next()); // of a stream without rows the driver counts the columns twice
      assertEquals(2, md.getColumnCount());
      assertEquals("amount", md.getColumnLabel(1));
      assertEquals(List.of(0, 0), List.of(md.isNullable(1), md.isNullable(2)), "the driver says so of every column"); // DatabaseMetaData.getColumns knows better
      assertTrue(md.isSearchable(1) && md.isCaseSensitive(2));
      assertFalse(md.isCaseSensitive(1) || md.isAutoIncrement(1) || md.isCurrency(1) || md.isWritable(1));
    }
    for (Column c : COLUMNS) {
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT " + c.sql + " AS x")) {
        ResultSetMetaData md = rs.getMetaData();
        assertEquals(
            List.of("x", "x", c.type, c.name, c.precision, c.scale), List.of(md.getColumnLabel(1), md.getColumnName(1), md.getColumnType(1), md.getColumnTypeName(1), md.getPrecision(1), md.getScale(1)), c.sql);
      }
    }
  }

  /** A parameter: the type of its column, the setter, the value, and what is in the table then. */
  record Set(String column, String setter, Object value, String want) {}

  static final List<Set> SETTERS = List.of(
      new Set("BOOLEAN", "setBoolean", true, "true"), new Set("BOOLEAN", "setObject", true, "true"),
      new Set("TINYINT", "setByte", (byte) 1, "1"), new Set("SMALLINT", "setShort", (short) 2, "2"), new Set("INT", "setInt", 3, "3"), new Set("BIGINT", "setLong", 4L, "4"),
      new Set("INT", "setObject", 5, "5"), new Set("BIGINT", "setObject", 5L, "5"), new Set("BIGINT", "setInt", 7, "7"), new Set("INT", "setLong", 7L, "7"), new Set("DOUBLE", "setInt", 7, "7.0"),
      new Set("FLOAT", "setFloat", 1.5f, "1.5"), new Set("DOUBLE", "setDouble", 2.5, "2.5"), new Set("DOUBLE", "setObject", 2.5, "2.5"),
      new Set("DECIMAL(10,2)", "setBigDecimal", new BigDecimal("1.25"), "1.25"), new Set("DECIMAL(10,2)", "setObject", new BigDecimal("2.50"), "2.50"),
      new Set("STRING", "setString", "é", "é"), new Set("STRING", "setNString", "x", "x"), new Set("STRING", "setObject", "o", "o"),
      new Set("BINARY", "setBytes", new byte[] {0x41}, "A"), new Set("BINARY", "setObject", new byte[] {0x42}, "B"),
      new Set("DATE", "setDate", Date.valueOf("2026-11-21"), "2026-11-21"), new Set("DATE", "setDate", Date.valueOf("1905-01-02"), "1905-01-02"), new Set("DATE", "setObject", Date.valueOf("2026-11-21"), "2026-11-21"),
      new Set("TIMESTAMP", "setTimestamp", Timestamp.valueOf("2026-11-21 01:02:03.456"), "2026-11-21 01:02:03.456"), new Set("TIMESTAMP_NTZ", "setTimestamp", Timestamp.valueOf("1905-01-02 03:04:05"), "1905-01-02 03:04:05"),
      new Set("TIMESTAMP_NTZ", "setObject", Timestamp.valueOf("2026-11-21 01:02:03"), "2026-11-21 01:02:03"), new Set("TIMESTAMP", "setObject", Timestamp.valueOf("2026-11-21 01:02:03"), "2026-11-21 01:02:03"),
      new Set("TIME", "setTime", Time.valueOf("01:02:03"), "01:02:03"));

  static Method setter(String name) {
    for (Method m : PreparedStatement.class.getMethods()) {
      if (m.getName().equals(name) && m.getParameterCount() == 2) {
        return m;
      }
    }
    throw new AssertionError(name);
  }

  @Test
  void everySetter() throws Exception {
    for (Set s : SETTERS) {
      run("CREATE OR REPLACE TABLE set_one (x " + s.column + ")");
      try (PreparedStatement ps = con.prepareStatement("INSERT INTO set_one VALUES (?)")) {
        setter(s.setter).invoke(ps, 1, s.value);
        assertEquals(1, ps.executeUpdate(), s.toString());
      }
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT CAST(x AS STRING) FROM set_one")) {
        assertTrue(rs.next());
        assertEquals(s.want, rs.getString(1), s.toString());
      }
      try (PreparedStatement ps = con.prepareStatement("SELECT count(*) FROM set_one WHERE x = ?")) {
        setter(s.setter).invoke(ps, 1, s.value);
        try (ResultSet rs = ps.executeQuery()) {
          assertTrue(rs.next());
          assertEquals(1, rs.getLong(1), "compared: " + s);
        }
      }
    }
  }

  /** What the driver does not turn into the type that the server names is its own SQLException, before anything is sent. */
  @Test
  void settersThatTheDriverRefuses() throws Exception {
    run("CREATE OR REPLACE TABLE set_none (i INT, s STRING, n DECIMAL(10,2), d DATE)");
    Object[][] cases = {{"i", "setString", "7"}, {"s", "setInt", 7}, {"n", "setInt", 7}, {"d", "setObject", java.time.LocalDate.of(2026, 11, 21)}};
    for (Object[] c : cases) {
      try (PreparedStatement ps = con.prepareStatement("SELECT count(*) FROM set_none WHERE " + c[0] + " = ?")) {
        setter((String) c[1]).invoke(ps, 1, c[2]);
        SQLException e = assertThrows(SQLException.class, ps::executeQuery);
        assertTrue(e.toString().contains("not yet supported for expected Arrow type"), e.toString());
      }
    }
  }

  @Test
  void parameters() throws Exception {
    run("CREATE OR REPLACE TABLE par (b BOOLEAN, i INT, l BIGINT, d DOUBLE, n DECIMAL(10,2), v STRING, y BINARY, dt DATE, ts TIMESTAMP_NTZ)");
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO par VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      ParameterMetaData md = ps.getParameterMetaData();
      int[] types = {Types.BOOLEAN, Types.INTEGER, Types.BIGINT, Types.DOUBLE, Types.DECIMAL, Types.VARCHAR, Types.VARBINARY, Types.DATE, Types.TIMESTAMP};
      assertEquals(types.length, md.getParameterCount());
      for (int i = 0; i < types.length; i++) {
        assertEquals(types[i], md.getParameterType(i + 1));
        assertEquals(ParameterMetaData.parameterModeIn, md.getParameterMode(i + 1));
        assertNotNull(md.getParameterClassName(i + 1));
        assertNotNull(md.getParameterTypeName(i + 1));
        md.isNullable(i + 1);
        md.isSigned(i + 1);
        md.getPrecision(i + 1);
        md.getScale(i + 1);
      }
    }
    try (PreparedStatement ps = con.prepareStatement("SELECT id, id / ? AS part FROM range(10) WHERE id > ?")) {
      assertEquals(2, ps.getMetaData().getColumnCount(), "before it is executed");
      assertEquals("part", ps.getMetaData().getColumnLabel(2));
      assertThrows(SQLException.class, () -> ps.setInt(3, 1));
    }
  }

  @Test
  void calendars() throws Exception {
    TimeZone[] zones = {TimeZone.getTimeZone("UTC"), TimeZone.getTimeZone("Asia/Tokyo"), TimeZone.getTimeZone("America/New_York")};
    try (Statement st = con.createStatement();
        ResultSet rs = st.executeQuery("SELECT TIMESTAMP_NTZ'2026-07-01 09:00:00' AS local, TIMESTAMP'2026-07-01 00:00:00Z' AS moment, DATE'2026-07-01' AS day, TIME'09:00:00' AS clock")) {
      assertTrue(rs.next());
      assertEquals(Instant.parse("2026-07-01T00:00:00Z"), rs.getTimestamp("moment").toInstant());
      assertEquals("2026-07-01 09:00:00.0", rs.getTimestamp("local").toString());
      for (TimeZone zone : zones) {
        Calendar cal = Calendar.getInstance(zone);
        Instant nine = java.time.LocalDateTime.of(2026, 7, 1, 9, 0).atZone(zone.toZoneId()).toInstant();
        assertEquals(nine, rs.getTimestamp("local", cal).toInstant(), "a local time is that of the calendar: " + zone.getID());
        // A moment is the same everywhere, but the driver moves it by the calendar.
        assertEquals(Instant.parse("2026-07-01T00:00:00Z").minusMillis(zone.getOffset(nine.toEpochMilli())), rs.getTimestamp("moment", cal).toInstant(), zone.getID());
        assertNotNull(rs.getDate("day", cal));
        assertNotNull(rs.getTime("local", cal));
        assertNotNull(rs.getTime("clock", cal));
        assertNotNull(rs.getDate("moment", cal));
      }
    }
    run("CREATE OR REPLACE TABLE cal (ts TIMESTAMP)");
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO cal VALUES (?)")) {
      ps.setTimestamp(1, Timestamp.from(Instant.parse("2026-07-01T00:00:00Z")), Calendar.getInstance(zones[0]));
      assertEquals(1, ps.executeUpdate());
    }
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT CAST(ts AS STRING) FROM cal")) {
      assertTrue(rs.next());
      assertEquals("2026-07-01 00:00:00", rs.getString(1));
    }
  }

  @Test
  void executesAgain() throws Exception {
    run("CREATE OR REPLACE TABLE again (a INT, b STRING)");
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO again VALUES (?, ?)")) {
      for (int i = 0; i < 5; i++) {
        ps.setInt(1, i);
        if (i % 2 == 0) {
          ps.setNull(2, Types.VARCHAR);
        } else {
          ps.setString(2, "s" + i);
        }
        assertEquals(1, ps.executeUpdate());
      }
      for (int i = 10; i < 13; i++) {
        ps.setInt(1, i);
        ps.setString(2, "b");
        ps.addBatch();
      }
      int n = 0;
      for (int count : ps.executeBatch()) {
        n += Math.max(count, 0);
      }
      assertEquals(3, n, "the driver has one count for all rows of a batch");
    }
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT count(*), count(b), sum(a) FROM again")) {
      assertTrue(rs.next());
      assertEquals(List.of(8L, 5L, 43L), List.of(rs.getLong(1), rs.getLong(2), rs.getLong(3)));
    }
  }
}
