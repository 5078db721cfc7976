package volley;

import static org.junit.jupiter.api.Assertions.*;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.*;
import java.util.*;
import java.util.concurrent.*;
import org.junit.jupiter.api.*;

/** The calls that DBeaver, Metabase and pools make, in the order they make them. */
class ToolsTest {
  static Server server;

  @BeforeAll
  static void start() throws Exception {
    server = new Server();
    try (Connection con = server.connect(); Statement st = con.createStatement()) {
      st.execute("CREATE DATABASE shop");
      st.execute("CREATE TABLE shop.sales (id BIGINT NOT NULL, amount DECIMAL(10,2), day DATE, `odd name` STRING) COMMENT 'what was sold'");
      st.execute("INSERT INTO shop.sales VALUES (1, 2.50, DATE'2026-11-21', 'a'), (2, 3.25, DATE'2026-11-22', NULL)");
      st.execute("CREATE VIEW shop.daily AS SELECT day, sum(amount) AS total FROM shop.sales GROUP BY day");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  static List<Map<String, Object>> all(ResultSet rs) throws SQLException {
    List<Map<String, Object>> out = new ArrayList<>();
    try (rs) {
      ResultSetMetaData md = rs.getMetaData();
      while (rs.next()) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int c = 1; c <= md.getColumnCount(); c++) {
          row.put(md.getColumnLabel(c), rs.getObject(c));
        }
        out.add(row);
      }
    }
    return out;
  }

  /** A generic driver of DBeaver: what it asks at the start, then the tree opened down to a table, then its rows. */
  /** The tables of --tables are in the tree that tools show. */
  @Test
  void folderOfTables() throws Exception {
    try (Server s = new Server("--tables", System.getenv("VOLLEY_ROOT") + "/testdata/retail");
        Connection con = s.connect()) {
      DatabaseMetaData md = con.getMetaData();
      assertTrue(all(md.getCatalogs()).stream().anyMatch(r -> "files".equals(r.get("TABLE_CAT"))));
      assertTrue(all(md.getSchemas("files", null)).stream().anyMatch(r -> "default".equals(r.get("TABLE_SCHEM"))));
      List<Map<String, Object>> tables = all(md.getTables("files", "default", "st%", new String[] {"TABLE"}));
      assertEquals(List.of("stores"), tables.stream().map(r -> (String) r.get("TABLE_NAME")).toList());
      assertTrue(all(md.getColumns("files", "default", "stores", "%")).stream().anyMatch(r -> "city".equals(r.get("COLUMN_NAME"))));
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT count(*) FROM `files`.`default`.`stores`")) {
        assertTrue(rs.next() && rs.getLong(1) > 0);
      }
    }
  }

  @Test
  void dbeaver() throws Exception {
    try (Connection con = server.connect()) {
      DatabaseMetaData md = con.getMetaData();
      md.getDatabaseProductName();
      md.getDatabaseProductVersion();
      md.getSQLKeywords();
      md.getNumericFunctions();
      md.getStringFunctions();
      md.getSystemFunctions();
      md.getTimeDateFunctions();
      md.getSearchStringEscape();
      String quote = md.getIdentifierQuoteString();
      con.getCatalog();
      con.getSchema();
      List<Map<String, Object>> catalogs = all(md.getCatalogs());
      assertTrue(catalogs.stream().anyMatch(r -> "spark_catalog".equals(r.get("TABLE_CAT"))));
      all(md.getTypeInfo());
      assertTrue(all(md.getTableTypes()).size() >= 2);
      List<Map<String, Object>> schemas = all(md.getSchemas("spark_catalog", null));
      assertTrue(schemas.stream().anyMatch(r -> "shop".equals(r.get("TABLE_SCHEM"))));
      List<Map<String, Object>> tables = all(md.getTables("spark_catalog", "shop", "%", null));
      assertEquals(List.of("daily", "sales"), tables.stream().map(r -> (String) r.get("TABLE_NAME")).sorted().toList());
      List<Map<String, Object>> columns = all(md.getColumns("spark_catalog", "shop", "sales", "%"));
      assertEquals(List.of("id", "amount", "day", "odd name"), columns.stream().map(r -> (String) r.get("COLUMN_NAME")).toList());
      assertEquals(List.of(), all(md.getPrimaryKeys("spark_catalog", "shop", "sales")));
      assertEquals(List.of(), all(md.getImportedKeys("spark_catalog", "shop", "sales")));
      assertEquals(List.of(), all(md.getExportedKeys("spark_catalog", "shop", "sales")));
      for (Callable<ResultSet> optional : List.<Callable<ResultSet>>of(
          () -> md.getIndexInfo("spark_catalog", "shop", "sales", false, true),
          () -> md.getProcedures("spark_catalog", "shop", "%"),
          () -> md.getFunctions("spark_catalog", "shop", "%"),
          () -> md.getUDTs("spark_catalog", "shop", "%", null))) {
        try (ResultSet rs = optional.call()) {
          if (rs != null) {
            assertFalse(rs.next());
          }
        }
      }
      try (Statement st = con.createStatement(ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        st.setMaxRows(200);
        st.setFetchSize(200);
        assertTrue(st.execute("SELECT x.* FROM " + quote + "shop" + quote + "." + quote + "sales" + quote + " x ORDER BY " + quote + "odd name" + quote));
        assertEquals(2, all(st.getResultSet()).size());
        st.getMoreResults();
        assertEquals(-1, st.getUpdateCount());
      }
      try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT count(*) FROM shop.sales")) {
        assertTrue(rs.next());
        assertEquals(2, rs.getLong(1));
      }
    }
  }

  /** A JDBC driver of Metabase: a check of the connection, the sync of tables and columns, its probes, then a question. */
  @Test
  void metabase() throws Exception {
    try (Connection con = server.connect()) {
      assertTrue(con.isValid(5));
      try {
        con.setReadOnly(true);
        con.setAutoCommit(true);
        con.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT);
      } catch (SQLException e) { // which Metabase takes for "not supported", too
        assertTrue(e instanceof SQLFeatureNotSupportedException || e.getMessage() != null);
      }
      DatabaseMetaData md = con.getMetaData();
      List<String> synced = new ArrayList<>();
      for (Map<String, Object> s : all(md.getSchemas())) {
        String schema = (String) s.get("TABLE_SCHEM");
        if (schema.equals("information_schema")) {
          continue;
        }
        for (Map<String, Object> t : all(md.getTables(null, schema, "%", new String[] {"TABLE", "VIEW", "SYSTEM TABLE", "LOCAL TEMPORARY"}))) {
          synced.add(schema + "." + t.get("TABLE_NAME"));
          String name = "`" + schema + "`.`" + t.get("TABLE_NAME") + "`";
          try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT TRUE AS `_` FROM " + name + " WHERE 1 <> 1 LIMIT 0")) {
            assertFalse(rs.next());
          }
          assertFalse(all(md.getColumns(null, schema, (String) t.get("TABLE_NAME"), null)).isEmpty());
          all(md.getPrimaryKeys(null, schema, (String) t.get("TABLE_NAME")));
          all(md.getImportedKeys(null, schema, (String) t.get("TABLE_NAME")));
          try (Statement st = con.createStatement(); ResultSet rs = st.executeQuery("SELECT * FROM " + name + " LIMIT 10000")) { // fingerprints
            while (rs.next()) {
              rs.getObject(1);
            }
          }
        }
      }
      assertTrue(synced.containsAll(List.of("shop.daily", "shop.sales")), synced.toString());
      String question = "-- Metabase:: userID: 1 queryType: MBQL queryHash: 0\n"
          + "SELECT date_trunc('month', `source`.`day`) AS `day`, SUM(`source`.`amount`) AS `sum` FROM (SELECT `shop`.`sales`.`day` AS `day`, `shop`.`sales`.`amount` AS `amount` FROM `shop`.`sales`"
          + " WHERE `shop`.`sales`.`amount` > ?) AS `source` GROUP BY date_trunc('month', `source`.`day`) ORDER BY date_trunc('month', `source`.`day`) ASC";
      try (PreparedStatement ps = con.prepareStatement(question, ResultSet.TYPE_FORWARD_ONLY, ResultSet.CONCUR_READ_ONLY)) {
        ps.setObject(1, new java.math.BigDecimal("1.00"));
        try (ResultSet rs = ps.executeQuery()) {
          assertTrue(rs.next());
          assertEquals(new java.math.BigDecimal("5.75"), rs.getBigDecimal("sum"));
        }
      }
    }
  }

  /** A pool as Spring Boot sets one up: more threads than connections, validation by isValid, short lives. */
  @Test
  void pool() throws Exception {
    HikariConfig conf = new HikariConfig();
    conf.setJdbcUrl(server.url("useEncryption=false"));
    conf.setMaximumPoolSize(4);
    conf.setMinimumIdle(1);
    conf.setMaxLifetime(30_000);
    conf.setConnectionInitSql("SET spark.sql.session.timeZone = 'UTC'");
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try (HikariDataSource pool = new HikariDataSource(conf)) {
      List<Future<Long>> all = new ArrayList<>();
      for (long i = 0; i < 100; i++) {
        final long n = i;
        all.add(threads.submit(() -> {
          try (Connection c = pool.getConnection(); PreparedStatement ps = c.prepareStatement("SELECT count(*) + ? FROM shop.sales")) {
            ps.setLong(1, n);
            try (ResultSet rs = ps.executeQuery()) {
              assertTrue(rs.next());
              return rs.getLong(1);
            }
          }
        }));
      }
      for (int i = 0; i < all.size(); i++) {
        assertEquals(i + 2, all.get(i).get(60, TimeUnit.SECONDS));
      }
    }
    threads.shutdown();
  }

  /** Connections that were closed leave nothing at the server: what the driver does not close before it goes ends with its session. */
  @Test
  void nothingIsLeft() throws Exception {
    try (Server own = new Server("--metrics", "127.0.0.1:0", "--session-idle", "2s", "--result-ttl", "2s")) {
      for (int i = 0; i < 100; i++) {
        try (Connection c = own.connect(); PreparedStatement ps = c.prepareStatement("SELECT ?"); Statement st = c.createStatement()) {
          ps.setString(1, "x");
          try (ResultSet rs = ps.executeQuery()) {
            assertTrue(rs.next());
          }
          try (ResultSet rs = st.executeQuery("SELECT id FROM range(1000000)")) {
            assertTrue(rs.next());
          }
        }
      }
      for (String what : List.of("volley_queries_running", "volley_prepared_statements", "volley_sessions", "volley_results")) {
        long deadline = System.currentTimeMillis() + 20_000;
        while (own.metric(what) > 0 && System.currentTimeMillis() < deadline) {
          Thread.sleep(50);
        }
        assertEquals(0, own.metric(what), what);
      }
    }
  }
}
