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

  /** Every other call answers, too, with names, patterns and numbers of any kind. */
  @Test
  void everyCall() throws Exception {
    DatabaseMetaData md = con.getMetaData();
    List<String> failed = new ArrayList<>();
    int calls = 0;
    for (Method m : DatabaseMetaData.class.getMethods()) {
      if (m.getParameterCount() == 0 && m.getReturnType() != ResultSet.class && m.getReturnType() != Connection.class && m.getReturnType() != RowIdLifetime.class) {
        continue; // capabilities
      }
      int number = m.getName().equals("supportsTransactionIsolationLevel") ? Connection.TRANSACTION_READ_COMMITTED : ResultSet.TYPE_FORWARD_ONLY;
      for (String name : Arrays.asList(null, "", "%", "shop", "sales")) {
        Object[] args = Arrays.stream(m.getParameterTypes()).map(t -> t == String.class ? name : t == int.class ? (Object) number : t == boolean.class ? (Object) true : null).toArray();
        if (Arrays.asList(m.getParameterTypes()).contains(Class.class)) {
          continue; // unwrap
        }
        if (name == null && m.getName().matches("get(Primary|Imported|Exported)Keys|getCrossReference")) {
          continue; // keys are those of a table
        }
        calls++;
        try {
          Object got = m.invoke(md, args);
          if (got instanceof ResultSet rs) {
            try (rs) {
              while (rs.next()) {
                rs.getObject(1);
              }
            }
          }
        } catch (Exception e) {
          if (!String.valueOf(e.getCause()).contains("todo: implement this method")) { // the driver's own word, of what changes to open results show
            failed.add(m.getName() + Arrays.toString(args) + ": " + e.getCause());
          }
        }
      }
    }
    assertTrue(calls > 100, calls + " calls");
    assertEquals(List.of(), failed);
  }

  @Test
  void filters() throws Exception {
    DatabaseMetaData md = con.getMetaData();
    assertEquals(List.of("shop"), list(md.getSchemas(null, "s_op"), "TABLE_SCHEM"));
    assertEquals(List.of(), list(md.getSchemas("no_such", null), "TABLE_SCHEM"));
    assertEquals(List.of("sales"), list(md.getTables("spark_catalog", "shop", "sa%", null), "TABLE_NAME"));
    assertEquals(List.of(), list(md.getTables("no_such", null, null, null), "TABLE_NAME"));
    assertEquals(List.of(), list(md.getTables(null, "shop", "%", new String[] {"SYSTEM TABLE"}), "TABLE_NAME"));
    assertEquals(List.of("amount", "at"), list(md.getColumns(null, "shop", "sales", "a%"), "COLUMN_NAME"));
    assertEquals(List.of("NO", "YES", "YES", "YES"), list(md.getColumns(null, "shop", "sales", "%"), "IS_NULLABLE"));
    assertEquals(List.of("1", "2", "3", "4"), list(md.getColumns(null, "shop", "sales", "%"), "ORDINAL_POSITION"));
    assertEquals(List.of("n"), list(md.getColumns(null, "shop", "v", "%"), "COLUMN_NAME"), "of a view");
  }

  @Test
  void catalogAndSchemaOfTheConnection() throws Exception {
    try (Connection c = server.connect()) {
      c.setCatalog("spark_catalog");
      try (Statement st = c.createStatement()) {
        st.execute("USE shop");
        try (ResultSet rs = st.executeQuery("SELECT current_schema(), count(*) FROM sales")) {
          assertTrue(rs.next());
          assertEquals("shop", rs.getString(1));
        }
      }
    } catch (SQLException e) { // the driver ends its channel before the session that setCatalog opened
      assertTrue(e.toString().contains("Channel shutdown invoked"), e.toString());
    }
  }
}
