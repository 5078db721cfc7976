package volley;

import static org.junit.jupiter.api.Assertions.*;

import java.math.BigDecimal;
import java.sql.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.junit.jupiter.api.*;

class StatementTest {
  static Server server;
  Connection con;

  @BeforeAll
  static void start() throws Exception {
    server = new Server("--metrics", "127.0.0.1:0");
  }

  /** The work of the connection's statements has ended at the server. */
  static void assertIdle() throws Exception {
    long deadline = System.currentTimeMillis() + 10_000;
    while (server.metric("volley_queries_running") > 0 && System.currentTimeMillis() < deadline) {
      Thread.sleep(20);
    }
    assertEquals(0, server.metric("volley_queries_running"), "queries that run");
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  @BeforeEach
  void open() throws Exception {
    con = server.connect();
  }

  @AfterEach
  void end() throws Exception {
    try {
      con.close();
    } catch (SQLException e) { // the driver counts records of calls that failed as leaked
      assertTrue(e.toString().contains("Memory was leaked by query"), e.toString());
    }
  }

  Object one(String sql) throws SQLException {
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery(sql)) {
      assertTrue(rs.next());
      return rs.getObject(1);
    }
  }

  @Test
  void selectAndTypes() throws Exception {
    try (Statement st = con.createStatement();
        ResultSet rs = st.executeQuery(
            "SELECT true AS b, CAST(1 AS TINYINT) AS t, CAST(2 AS SMALLINT) AS s, 3 AS i, 4L AS l, CAST(1.5 AS FLOAT) AS f, CAST(2.5 AS DOUBLE) AS d,"
                + " CAST(1.25 AS DECIMAL(10,2)) AS n, 'x' AS v, X'01FF' AS y, DATE'2026-11-21' AS dt, TIMESTAMP_NTZ'2026-11-21 01:02:03' AS ts,"
                + " TIMESTAMP'2026-11-21 01:02:03Z' AS tz, array(1, 2) AS a, named_struct('p', 1) AS o, map('k', 1) AS m, CAST(NULL AS INT) AS z,"
                + " INTERVAL '1' DAY AS iv")) {
      assertTrue(rs.next());
      assertTrue(rs.getBoolean("b"));
      assertEquals(1, rs.getByte("t"));
      assertEquals(2, rs.getShort("s"));
      assertEquals(3, rs.getInt("i"));
      assertEquals(4L, rs.getLong("l"));
      assertEquals(1.5f, rs.getFloat("f"));
      assertEquals(2.5, rs.getDouble("d"));
      assertEquals(new BigDecimal("1.25"), rs.getBigDecimal("n"));
      assertEquals("x", rs.getString("v"));
      assertArrayEquals(new byte[] {1, (byte) 0xff}, rs.getBytes("y"));
      assertEquals("2026-11-21", rs.getDate("dt").toString());
      assertEquals(Timestamp.valueOf("2026-11-21 01:02:03").toLocalDateTime(), rs.getTimestamp("ts").toLocalDateTime());
      Calendar utc = Calendar.getInstance(TimeZone.getTimeZone("UTC"));
      assertEquals(java.time.Instant.parse("2026-11-21T01:02:03Z"), rs.getTimestamp("tz", utc).toInstant());
      assertNotNull(rs.getArray("a"));
      assertEquals(2, ((Object[]) rs.getArray("a").getArray()).length);
      assertNotNull(rs.getObject("o"));
      assertNotNull(rs.getObject("m"));
      assertEquals(0, rs.getInt("z"));
      assertTrue(rs.wasNull());
      ResultSetMetaData md = rs.getMetaData();
      for (int c = 1; c <= md.getColumnCount(); c++) {
        if (md.getColumnType(c) != Types.TIMESTAMP_WITH_TIMEZONE) { // for which the driver has getTimestamp alone
          rs.getObject(c);
        }
        assertNotNull(rs.getString(c) == null ? "" : rs.getString(c));
      }
      assertEquals(Types.DECIMAL, md.getColumnType(8));
      assertEquals(10, md.getPrecision(8));
      assertEquals(2, md.getScale(8));
      assertEquals("n", md.getColumnLabel(8));
      assertEquals("VARCHAR", md.getColumnTypeName(9));
      assertFalse(rs.next());
    }
  }

  @Test
  void executeEverything() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("DROP TABLE IF EXISTS j");
      assertFalse(st.execute("CREATE TABLE j (a INT, b STRING)"));
      assertEquals(2, st.executeUpdate("INSERT INTO j VALUES (1, 'x'), (2, 'y')"));
      assertTrue(st.execute("SELECT * FROM j"));
      try (ResultSet rs = st.getResultSet()) {
        assertTrue(rs.next());
      }
      st.executeUpdate("CREATE OR REPLACE TABLE j2 AS SELECT * FROM j");
      for (String sql : List.of("SHOW TABLES", "SHOW DATABASES", "EXPLAIN SELECT 1", "DESCRIBE TABLE j")) {
        try (ResultSet rs = st.executeQuery(sql)) {
          assertTrue(rs.next(), sql);
        }
      }
      assertEquals(2L, one("SELECT count(*) FROM j2"));
      st.execute("SET spark.sql.session.timeZone = 'Asia/Tokyo'");
      assertEquals("Asia/Tokyo", one("SELECT current_timezone()"));
    }
  }

  @Test
  void updateCounts() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("CREATE OR REPLACE TABLE counts (a INT)");
      assertFalse(st.execute("INSERT INTO counts VALUES (1), (2), (3)"));
      assertEquals(3, st.getUpdateCount());
      assertFalse(st.execute("CREATE OR REPLACE TABLE counts2 AS SELECT * FROM counts"));
      assertTrue(st.getUpdateCount() >= 0);
      assertTrue(st.execute("SELECT * FROM counts2"));
      assertEquals(-1, st.getUpdateCount());
      try (PreparedStatement ps = con.prepareStatement("INSERT INTO counts SELECT a + ? FROM counts WHERE a > ?")) {
        ps.setInt(1, 10);
        ps.setInt(2, 1);
        assertEquals(2, ps.executeUpdate());
      }
      assertEquals(5L, one("SELECT count(*) FROM counts"));
    }
  }

  @Test
  void streamsAndNestedValues() throws Exception {
    try (Statement st = con.createStatement();
        ResultSet rs = st.executeQuery("SELECT 'text' AS v, X'0102' AS y, named_struct('a', 1, 'b', array('p', NULL)) AS o, map('k', 2) AS m, array(array(1), array()) AS n")) {
      assertTrue(rs.next());
      assertEquals("text", new String(rs.getAsciiStream("v").readAllBytes()));
      assertEquals('t', rs.getCharacterStream("v").read());
      assertArrayEquals(new byte[] {1, 2}, rs.getBinaryStream("y").readAllBytes());
      Map<?, ?> struct = (Map<?, ?>) rs.getObject("o");
      assertEquals("1", String.valueOf(struct.get("a")));
      assertEquals("[\"p\",null]", String.valueOf(struct.get("b")));
      assertEquals("2", String.valueOf(((Map<?, ?>) rs.getObject("m")).values().iterator().next()));
      Object[] outer = (Object[]) rs.getArray("n").getArray();
      assertEquals(2, outer.length);
    }
  }

  @Test
  void emptyResult() throws Exception {
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT 1 AS a WHERE false")) {
      assertEquals("a", rs.getMetaData().getColumnLabel(1));
      assertFalse(rs.next());
    }
  }

  @Test
  void preparedQuery() throws Exception {
    try (PreparedStatement ps = con.prepareStatement("SELECT id, CAST(id AS STRING) AS text FROM range(100) WHERE id > ? AND CAST(id AS STRING) LIKE ? ORDER BY id LIMIT ?")) {
      assertEquals(2, ps.getMetaData().getColumnCount());
      assertEquals(3, ps.getParameterMetaData().getParameterCount());
      for (int round = 0; round < 2; round++) {
        ps.setLong(1, 90 + round);
        ps.setString(2, "9%");
        ps.setLong(3, 2);
        try (ResultSet rs = ps.executeQuery()) {
          assertTrue(rs.next());
          assertEquals(91 + round, rs.getLong(1));
        }
      }
    }
  }

  @Test
  void namesAsParameters() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("CREATE OR REPLACE TABLE named (a INT, b STRING)");
    }
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO IDENTIFIER(?) VALUES (?, ?)")) {
      ps.setString(1, "named");
      ps.setString(2, "1");
      ps.setString(3, "x");
      assertEquals(1, ps.executeUpdate());
    }
    try (PreparedStatement ps = con.prepareStatement("SELECT * FROM IDENTIFIER(?)")) {
      ps.setString(1, "named");
      try (ResultSet rs = ps.executeQuery()) {
        assertEquals("a", rs.getMetaData().getColumnName(1));
        assertTrue(rs.next());
        assertEquals(1, rs.getInt(1));
        assertEquals("x", rs.getString("b"));
        assertFalse(rs.next());
      }
    }
  }

  @Test
  void nullOfEveryType() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("CREATE OR REPLACE TABLE sets (b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, f FLOAT, d DOUBLE, n DECIMAL(10,2), v STRING, y BINARY, dt DATE, ts TIMESTAMP, tn TIMESTAMP_NTZ)");
    }
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")) {
      ps.setBoolean(1, true);
      ps.setByte(2, (byte) 1);
      ps.setShort(3, (short) 2);
      ps.setInt(4, 3);
      ps.setLong(5, 4);
      ps.setFloat(6, 1.5f);
      ps.setDouble(7, 2.5);
      ps.setBigDecimal(8, new BigDecimal("1.25"));
      ps.setString(9, "x");
      ps.setBytes(10, new byte[] {1});
      ps.setDate(11, java.sql.Date.valueOf("2026-11-21"));
      ps.setTimestamp(12, Timestamp.from(java.time.Instant.parse("2026-11-21T01:02:03Z")));
      ps.setTimestamp(13, Timestamp.valueOf("2026-11-21 01:02:03"));
      assertEquals(1, ps.executeUpdate());
      int[] types = {Types.BOOLEAN, Types.TINYINT, Types.SMALLINT, Types.INTEGER, Types.BIGINT, Types.REAL, Types.DOUBLE, Types.DECIMAL, Types.VARCHAR, Types.VARBINARY, Types.DATE, Types.TIMESTAMP, Types.TIMESTAMP};
      for (int i = 0; i < types.length; i++) {
        ps.setNull(i + 1, types[i]);
      }
      assertEquals(1, ps.executeUpdate());
    }
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT * FROM sets ORDER BY i NULLS LAST")) {
      assertTrue(rs.next());
      assertTrue(rs.getBoolean(1));
      assertEquals(new BigDecimal("1.25"), rs.getBigDecimal(8));
      assertTrue(rs.next());
      for (int c = 1; c <= 13; c++) {
        assertNull(rs.getString(c));
        assertTrue(rs.wasNull());
      }
    }
  }

  @Test
  void batches() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("CREATE OR REPLACE TABLE batch (a INT, b STRING)");
    }
    try (PreparedStatement ps = con.prepareStatement("INSERT INTO batch VALUES (?, ?)")) {
      for (int i = 0; i < 1000; i++) {
        ps.setInt(1, i);
        ps.setString(2, "s" + i);
        ps.addBatch();
      }
      ps.executeBatch();
    }
    assertEquals(1000L, one("SELECT count(DISTINCT a) FROM batch"));
  }

  @Test
  void errors() throws Exception {
    for (String[] e : new String[][] {{"SELEC 1", "42601"}, {"SELECT * FROM nowhere", "42P01"}, {"SELECT 1/0", "22012"}}) {
      SQLException x = assertThrows(SQLException.class, () -> one(e[0]));
      String text = x.toString() + x.getCause();
      assertTrue(text.contains(e[1]), text);
      assertFalse(text.contains("goroutine"), text);
    }
    assertEquals(1, one("SELECT 1"));
    try (PreparedStatement ps = con.prepareStatement("SELECT ? + ?")) {
      ps.setLong(1, 1);
      assertThrows(SQLException.class, ps::executeQuery);
    }
  }

  static final String SLOW = "SELECT count(*) FROM range(3000000000) WHERE hash(id) % 7 = 3";

  @Test
  void cancel() throws Exception {
    try (Statement st = con.createStatement()) {
      ScheduledExecutorService later = Executors.newSingleThreadScheduledExecutor();
      later.schedule(() -> { st.cancel(); return null; }, 500, TimeUnit.MILLISECONDS);
      assertTimeoutPreemptively(Duration.ofSeconds(15), () -> assertThrows(SQLException.class, () -> {
        try (ResultSet rs = st.executeQuery(SLOW)) {
          rs.next();
        }
      }));
      later.shutdownNow();
    }
    assertIdle();
    assertEquals(1, one("SELECT 1"));
  }

  @Test
  void cancelAmongRows() throws Exception {
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT id, repeat('x', 100) FROM range(1000000000)")) {
      assertTrue(rs.next());
      st.cancel();
      assertThrows(SQLException.class, () -> {
        while (rs.next()) {
          rs.getLong(1);
        }
      });
    }
    assertIdle();
    assertEquals(1, one("SELECT 1"));
  }

  @Test
  void queryTimeout() throws Exception {
    try (Statement st = con.createStatement()) {
      st.setQueryTimeout(1);
      assertEquals(1, st.getQueryTimeout());
      assertTimeoutPreemptively(Duration.ofSeconds(15), () -> assertThrows(SQLException.class, () -> {
        try (ResultSet rs = st.executeQuery(SLOW)) {
          rs.next();
        }
      }));
    }
    assertIdle();
    assertEquals(1, one("SELECT 1"));
  }

  @Test
  void closeWithUnreadRows() throws Exception {
    for (int i = 0; i < 5; i++) {
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT id FROM range(1000000000)")) {
        assertTrue(rs.next());
      }
    }
    assertIdle();
    assertEquals(1, one("SELECT 1"));
  }

  /** Commit and rollback of the driver say nothing to the server: each statement stands by itself, and nothing is lost. */
  @Test
  void autocommitOff() throws Exception {
    try (Statement st = con.createStatement()) {
      st.execute("CREATE OR REPLACE TABLE auto (a INT)");
      try {
        con.setAutoCommit(false);
        st.executeUpdate("INSERT INTO auto VALUES (1)");
        con.commit();
        st.executeUpdate("INSERT INTO auto VALUES (2)");
        con.commit();
      } finally {
        con.setAutoCommit(true);
      }
    }
    try (Connection other = server.connect(); Statement st = other.createStatement(); ResultSet rs = st.executeQuery("SELECT count(*) FROM auto")) {
      assertTrue(rs.next());
      assertEquals(2, rs.getLong(1));
    }
  }

  @Test
  void largeResult() throws Exception {
    long n = 0, sum = 0;
    try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT id FROM range(2000000)")) {
      while (rs.next()) {
        n++;
        sum += rs.getLong(1);
      }
    }
    assertEquals(2_000_000, n);
    assertEquals(1_999_999L * 1_000_000, sum);
  }

  @Test
  void manyConnections() throws Exception {
    for (int i = 0; i < 100; i++) {
      try (Connection c = server.connect(); Statement st = c.createStatement(); ResultSet rs = st.executeQuery("SELECT 1")) {
        assertTrue(rs.next());
      }
    }
  }

  @Test
  void threads() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(32);
    List<Future<Long>> all = new ArrayList<>();
    for (int t = 0; t < 32; t++) {
      final long n = t;
      all.add(pool.submit(() -> {
        try (Connection c = server.connect(); PreparedStatement ps = c.prepareStatement("SELECT ? * 2")) {
          ps.setLong(1, n);
          try (ResultSet rs = ps.executeQuery()) {
            rs.next();
            return rs.getLong(1);
          }
        }
      }));
    }
    for (int t = 0; t < 32; t++) {
      assertEquals(2L * t, all.get(t).get());
    }
    pool.shutdown();
  }
}
