package volley;

import static org.junit.jupiter.api.Assertions.*;

import java.lang.reflect.Method;
import java.sql.*;
import java.util.*;
import org.junit.jupiter.api.*;

/** What tools such as DBeaver and Metabase ask of a connection. */
class MetadataTest {
  static Server server;
  static Connection con;

  @BeforeAll
  static void start() throws Exception {
    server = new Server();
    con = server.connect();
    try (Statement st = con.createStatement()) {
      st.execute("CREATE DATABASE shop");
      st.execute("CREATE TABLE shop.sales (id BIGINT NOT NULL, amount DECIMAL(10,2), tags ARRAY<STRING>, at TIMESTAMP)");
      st.execute("CREATE VIEW shop.v AS SELECT 1 AS n");
    }
  }

  @AfterAll
  static void stop() throws Exception {
    con.close();
    server.close();
  }

  static List<String> list(ResultSet rs, String column) throws SQLException {
    List<String> out = new ArrayList<>();
    try (rs) {
      while (rs.next()) {
        out.add(rs.getString(column));
      }
    }
    return out;
  }

  @Test
  void tree() throws Exception {
    DatabaseMetaData md = con.getMetaData();
    assertTrue(list(md.getCatalogs(), "TABLE_CAT").contains("spark_catalog"));
    assertTrue(list(md.getSchemas(), "TABLE_SCHEM").containsAll(List.of("default", "shop")));
    assertTrue(list(md.getSchemas("spark_catalog", "sh%"), "TABLE_SCHEM").equals(List.of("shop")));
    assertTrue(list(md.getTableTypes(), "TABLE_TYPE").containsAll(List.of("TABLE", "VIEW")));
    assertEquals(List.of("sales", "v"), list(md.getTables(null, "shop", "%", null), "TABLE_NAME"));
    assertEquals(List.of("v"), list(md.getTables(null, "shop", "%", new String[] {"VIEW"}), "TABLE_NAME"));
  }

  @Test
  void columns() throws Exception {
    try (ResultSet rs = con.getMetaData().getColumns(null, "shop", "sales", null)) {
      List<String> names = new ArrayList<>();
      while (rs.next()) {
        names.add(rs.getString("COLUMN_NAME"));
        if (rs.getString("COLUMN_NAME").equals("amount")) {
          assertEquals(Types.DECIMAL, rs.getInt("DATA_TYPE"));
          assertEquals(10, rs.getInt("COLUMN_SIZE"));
          assertEquals(2, rs.getInt("DECIMAL_DIGITS"));
        }
        assertNotNull(rs.getString("TYPE_NAME"));
      }
      assertEquals(List.of("id", "amount", "tags", "at"), names);
    }
  }

  @Test
  void keysAreEmptyAndWellFormed() throws Exception {
    DatabaseMetaData md = con.getMetaData();
    assertEquals(List.of(), list(md.getPrimaryKeys(null, "shop", "sales"), "COLUMN_NAME"));
    assertEquals(List.of(), list(md.getImportedKeys(null, "shop", "sales"), "FKCOLUMN_NAME"));
    assertEquals(List.of(), list(md.getExportedKeys(null, "shop", "sales"), "FKCOLUMN_NAME"));
    assertEquals(List.of(), list(md.getCrossReference(null, "shop", "sales", null, "shop", "v"), "FKCOLUMN_NAME"));
    try (ResultSet rs = md.getTypeInfo()) {
      rs.next();
    }
  }

  /** Every getter without arguments answers without an exception. */
  @Test
  void capabilities() throws Exception {
    DatabaseMetaData md = con.getMetaData();
    List<String> failed = new ArrayList<>();
    for (Method m : DatabaseMetaData.class.getMethods()) {
      if (m.getParameterCount() != 0 || !(m.getReturnType() == boolean.class || m.getReturnType() == int.class || m.getReturnType() == String.class)) {
        continue;
      }
      try {
        m.invoke(md);
      } catch (Exception e) {
        failed.add(m.getName() + ": " + e.getCause());
      }
    }
    assertEquals(List.of(), failed);
    assertEquals("Volley", md.getDatabaseProductName());
    assertEquals("`", md.getIdentifierQuoteString());
    assertTrue(md.supportsGroupBy());
    assertTrue(md.supportsFullOuterJoins());
  }
}
