package volley;

import static org.junit.jupiter.api.Assertions.*;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.math.BigDecimal;
import java.sql.*;
import java.util.*;
import java.util.concurrent.*;
import javax.sql.DataSource;
import org.apache.commons.dbcp2.BasicDataSource;
import org.apache.tomcat.jdbc.pool.PoolProperties;
import org.junit.jupiter.api.*;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.namedparam.MapSqlParameterSource;
import org.springframework.jdbc.core.namedparam.NamedParameterJdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** Pools of connections as applications set them up, by themselves and below Spring's templates. */
class PoolTest {
  static Server server;

  @BeforeAll
  static void start() throws Exception {
    server = new Server("--metrics", "127.0.0.1:0", "--session-idle", "2s", "--result-ttl", "2s");
  }

  @AfterAll
  static void stop() throws Exception {
    server.close();
  }

  /** A pool of four connections, which asks of each that it takes out whether it lives. */
  static DataSource pool(String kind) {
    String url = server.url("useEncryption=false");
    switch (kind) {
      case "hikari" -> {
        HikariConfig conf = new HikariConfig();
        conf.setJdbcUrl(url);
        conf.setMaximumPoolSize(4);
        return new HikariDataSource(conf);
      }
      case "dbcp2" -> {
        BasicDataSource ds = new BasicDataSource();
        ds.setUrl(url);
        ds.setMaxTotal(4);
        ds.setTestOnBorrow(true);
        ds.setPoolPreparedStatements(true);
        return ds;
      }
      case "tomcat" -> {
        PoolProperties p = new PoolProperties();
        p.setUrl(url);
        p.setDriverClassName("org.apache.arrow.driver.jdbc.ArrowFlightJdbcDriver");
        p.setMaxActive(4);
        p.setTestOnBorrow(true);
        p.setValidationQuery("SELECT 1");
        p.setJdbcInterceptors("ConnectionState;StatementFinalizer");
        return new org.apache.tomcat.jdbc.pool.DataSource(p);
      }
      default -> {
        return new DriverManagerDataSource(url);
      }
    }
  }

  static void close(DataSource ds) throws Exception {
    if (ds instanceof AutoCloseable c) {
      c.close();
    } else if (ds instanceof org.apache.tomcat.jdbc.pool.DataSource t) {
      t.close();
    }
  }

  record Sale(long id, BigDecimal amount, String note) {}

  /** What Spring's templates do: updates, batches, queries to beans and maps, streams, names of parameters, errors. */
  @ParameterizedTest
  @ValueSource(strings = {"hikari", "dbcp2", "tomcat", "none"})
  void spring(String kind) throws Exception {
    DataSource ds = pool(kind);
    JdbcTemplate jdbc = new JdbcTemplate(ds);
    String table = "spring_" + kind;
    jdbc.execute("CREATE OR REPLACE TABLE " + table + " (id BIGINT, amount DECIMAL(10,2), note STRING)");
    assertEquals(1, jdbc.update("INSERT INTO " + table + " VALUES (?, ?, ?)", 1L, new BigDecimal("2.50"), "one"));
    List<Object[]> rows = new ArrayList<>();
    for (long i = 2; i <= 100; i++) {
      rows.add(new Object[] {i, new BigDecimal(i + ".25"), i % 2 == 0 ? null : "n" + i});
    }
    jdbc.batchUpdate("INSERT INTO " + table + " VALUES (?, ?, ?)", rows);
    assertEquals(100L, jdbc.queryForObject("SELECT count(*) FROM " + table, Long.class));
    assertEquals(new BigDecimal("2.50"), jdbc.queryForObject("SELECT amount FROM " + table + " WHERE id = ?", BigDecimal.class, 1L));
    List<Sale> sales = jdbc.query("SELECT * FROM " + table + " WHERE id BETWEEN ? AND ? ORDER BY id", (rs, n) -> new Sale(rs.getLong("id"), rs.getBigDecimal("amount"), rs.getString("note")), 1L, 3L);
    assertEquals(List.of(new Sale(1, new BigDecimal("2.50"), "one"), new Sale(2, new BigDecimal("2.25"), null), new Sale(3, new BigDecimal("3.25"), "n3")), sales);
    Map<String, Object> one = jdbc.queryForMap("SELECT id, note FROM " + table + " WHERE id = 3");
    assertEquals(3L, one.get("id"));
    assertEquals("n3", one.get("note"));
    try (var stream = jdbc.queryForStream("SELECT id FROM range(100000)", (rs, n) -> rs.getLong(1))) {
      assertEquals(10, stream.limit(10).count());
    }
    NamedParameterJdbcTemplate named = new NamedParameterJdbcTemplate(jdbc);
    assertEquals(2L, named.queryForObject("SELECT count(*) FROM " + table + " WHERE id IN (:ids) AND amount > :low",
        new MapSqlParameterSource("ids", List.of(1L, 2L, 3L)).addValue("low", new BigDecimal("2.25")), Long.class));
    DataAccessException e = assertThrows(DataAccessException.class, () -> jdbc.queryForList("SELECT * FROM nowhere"));
    assertTrue(String.valueOf(e.getMessage()).contains("42P01") || String.valueOf(e.getRootCause()).contains("42P01"), e.toString());
    assertEquals(1, jdbc.queryForObject("SELECT 1", Integer.class), "the pool goes on after an error");
    close(ds);
  }

  /** More threads than connections; when the pool is closed nothing of it is left at the server. */
  @ParameterizedTest
  @ValueSource(strings = {"hikari", "dbcp2", "tomcat"})
  void threads(String kind) throws Exception {
    DataSource ds = pool(kind);
    ExecutorService threads = Executors.newFixedThreadPool(16);
    List<Future<Long>> all = new ArrayList<>();
    for (long i = 0; i < 200; i++) {
      final long n = i;
      all.add(threads.submit(() -> {
        try (Connection c = ds.getConnection(); PreparedStatement ps = c.prepareStatement("SELECT sum(id) + ? FROM range(1000)")) {
          ps.setLong(1, n);
          try (ResultSet rs = ps.executeQuery()) {
            assertTrue(rs.next());
            return rs.getLong(1);
          }
        }
      }));
    }
    for (int i = 0; i < all.size(); i++) {
      assertEquals(499500 + i, all.get(i).get(60, TimeUnit.SECONDS));
    }
    threads.shutdown();
    close(ds);
    for (String what : List.of("volley_queries_running", "volley_prepared_statements", "volley_sessions", "volley_results", "volley_connections")) {
      long deadline = System.currentTimeMillis() + 30_000;
      while (server.metric(what) > 0 && System.currentTimeMillis() < deadline) {
        Thread.sleep(50);
      }
      assertEquals(0, server.metric(what), what);
    }
  }

  /** A pool whose server is ended and started again gives connections that work. */
  @ParameterizedTest
  @ValueSource(strings = {"hikari", "dbcp2", "tomcat"})
  void serverRestarts(String kind) throws Exception {
    Server mine = new Server();
    Server old = server;
    server = mine;
    DataSource ds = pool(kind);
    server = old;
    try (Connection c = ds.getConnection(); Statement st = c.createStatement()) {
      assertTrue(st.execute("SELECT 1"));
    }
    mine.close();
    try (Server again = new Server("--listen", "127.0.0.1:" + mine.port)) {
      long deadline = System.currentTimeMillis() + 60_000;
      for (boolean done = false; !done; ) {
        try (Connection c = ds.getConnection(); Statement st = c.createStatement(); ResultSet rs = st.executeQuery("SELECT 7")) {
          assertTrue(rs.next());
          assertEquals(7, rs.getInt(1));
          done = true;
        } catch (SQLException e) {
          assertTrue(System.currentTimeMillis() < deadline, e.toString());
          Thread.sleep(100);
        }
      }
      close(ds);
    }
  }
}
